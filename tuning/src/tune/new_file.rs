//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// An error where [`write_new`] is sure to fail: known before anything is measured, since nobody wants to
/// wait for that in vain.
///
/// # Errors
/// `AlreadyExists`, or the folder is missing.
pub(super) fn can_be_made(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::metadata(folder).map(|_| ()),
        None => Ok(()),
    }
}

/// Writes a file that must not be there yet, durably. What a full disk took only a part of is removed.
///
/// # Errors
/// `AlreadyExists`, or what else the system says.
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        fs::remove_file(path).ok();
    }
    written
}
