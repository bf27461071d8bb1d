//! What is checked of the machine before the server touches any data: that the directory is ours
//! alone, and that its file system can keep what was acknowledged.

pub mod data_dir;
pub mod direct_io;
pub mod filesystem;
pub mod io_uring;

use std::io;
use std::path::{Path, PathBuf};

use braid_runtime::files::Access;

use crate::config::settings::Notice;
use filesystem::{Filesystem, Verdict};

/// What a directory's file system can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The file system.
    pub filesystem: Filesystem,
    /// How the log's files are accessed.
    pub access: Access,
    /// What to warn about.
    pub notices: Vec<Notice>,
}

/// A directory that cannot keep data.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StorageError {
    #[error("--data-dir {path}: the {name} file system cannot be used: {reason}")]
    Refused { path: PathBuf, name: &'static str, reason: &'static str },
    #[error(
        "--data-dir {path}: a file cannot be written, synced and read back: {error}; check the disk, its free space and the mount options"
    )]
    Broken { path: PathBuf, error: io::Error },
    #[error("--data-dir {path}: the kind of its file system cannot be found out: {error}")]
    Unknown { path: PathBuf, error: io::Error },
}

/// Probes the file system of `directory`, which must exist and be writable.
///
/// # Errors
/// It would lose acknowledged data, or does not work at all.
pub fn storage(directory: &Path) -> Result<Storage, StorageError> {
    let path = directory.to_owned();
    let filesystem = Filesystem::of(directory)
        .map_err(|error| StorageError::Unknown { path: path.clone(), error })?;
    let mut notices = Vec::new();
    match filesystem.verdict {
        Verdict::Full => {}
        Verdict::Warn(reason) => notices.push(Notice::warning(format!(
            "--data-dir {} is on {}: {reason}",
            path.display(),
            filesystem.name
        ))),
        Verdict::Refuse(reason) => {
            return Err(StorageError::Refused { path, name: filesystem.name, reason });
        }
    }
    let access = direct_io::access(directory)
        .map_err(|error| StorageError::Broken { path: path.clone(), error })?;
    if access == Access::Buffered {
        notices.push(Notice::warning(format!(
            "--data-dir {}: {} has no O_DIRECT here; writes go through the kernel's cache and are synced from there, which is as durable and slower, and takes memory beside --memory",
            path.display(),
            filesystem.name
        )));
    }
    Ok(Storage { filesystem, access, notices })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_directory_passes_and_stays_empty() {
        let directory = tempfile::tempdir().unwrap();
        match storage(directory.path()) {
            Ok(_) | Err(StorageError::Refused { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = storage(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
