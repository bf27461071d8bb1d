//! The files of the log: where they lie, how they are made, written and read.

mod log_dir;
mod log_file;
mod log_writer;
mod segment_reader;
mod unsynced_journal;

use std::io;
use std::path::{Path, PathBuf};

pub use log_dir::{LogDir, Pace};
pub use log_file::Access;
use log_file::LogFile;
pub use log_writer::{LogWriter, SyncMethod};
pub use segment_reader::SegmentReader;
pub use unsynced_journal::UnsyncedJournal;

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct FileError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// The system's error.
    pub fn io(&self) -> &io::Error {
        &self.source
    }
}

/// Adds to an error what was tried on which file.
fn failed<E: Into<io::Error>>(what: &'static str, path: &Path) -> impl FnOnce(E) -> FileError {
    let path = path.to_path_buf();
    move |error| FileError { what, path, source: error.into() }
}

#[cfg(test)]
mod testing;
