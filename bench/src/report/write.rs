//! Reports on the disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::error::Error;

/// Writes a report as JSON.
pub fn write_json(path: &Path, report: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report).map_err(std::io::Error::from);
    let text = text.map_err(|error| Error::Report { path: path.into(), error })?;
    write_text(path, &text)
}

/// Writes a report; success means that the file system has taken all of it.
pub fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.flush()
    });
    written.map_err(|error| Error::Report { path: path.into(), error })
}
