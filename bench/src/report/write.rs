//! Reports on the disk.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::Error;

/// Writes a report as JSON on one line: reports that are kept are long enough.
pub fn write_json(path: &Path, report: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(report).map_err(io::Error::from);
    let text = text.map_err(|error| Error::Report { path: path.into(), error })?;
    write_text(path, &text)
}

/// Writes a report; success means that the disk has all of it.
pub fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        match file.sync_all() {
            // A pipe has no disk.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        }
    });
    written.map_err(|error| Error::Report { path: path.into(), error })
}

/// An error where a report is sure not to be written: known before hours are spent on it.
pub fn check_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = folder.map_or(Ok(()), |folder| folder.metadata().map(|_| ()));
    found.map_err(|error| Error::Report { path: path.into(), error })
}

/// Prints a report. Where standard output goes to a file, its disk may be full, too.
pub fn print(report: &impl Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let printed = write!(out, "{report}").and_then(|()| out.flush());
    printed.map_err(|error| Error::Report { path: "standard output".into(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_on_the_disk_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        write_json(&path, &[1]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[1]\n");
        write_text(Path::new("/dev/null"), "text").unwrap();
        let error = write_text(Path::new("/dev/full"), "text").unwrap_err();
        assert!(error.to_string().contains("written to /dev/full"), "{error}");
        let error = check_folder(Path::new("/nowhere/report")).unwrap_err();
        assert!(error.to_string().contains("written to /nowhere/report"), "{error}");
        check_folder(&path).and_then(|()| check_folder(Path::new("report"))).unwrap();
    }
}
