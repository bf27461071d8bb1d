//! The files of the log: where they lie, how they are made, written and read.

mod log_dir;
mod log_file;
mod log_ring;
mod log_writer;
mod new_segment;
mod scratch;
mod segment_reader;
mod unsynced_journal;

use std::io;
use std::path::{Path, PathBuf};

pub use log_dir::LogDir;
pub use log_file::Access;
use log_file::LogFile;
use log_ring::LogRing;
pub use log_writer::{LogWriter, SyncMethod};
pub use new_segment::{Pace, new_segment};
pub use scratch::{Scratch, ScratchFile};
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

    /// Whether it is for want of room that it failed: on the disk, or in somebody's share of it.
    pub fn is_no_space(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// Adds to an error what was tried on which file.
fn failed<E: Into<io::Error>>(what: &'static str, path: &Path) -> impl FnOnce(E) -> FileError {
    let path = path.to_path_buf();
    move |error| FileError { what, path, source: error.into() }
}

/// The kernel writes less than it was given when the disk is full, and else hardly ever; what is
/// missing is not tried again, so that the next error is the caller's to see.
fn whole(written: usize, len: usize) -> io::Result<()> {
    if written == len {
        return Ok(());
    }
    Err(io::Error::other(format!("only {written} of {len} bytes were written")))
}

#[cfg(test)]
mod testing;
