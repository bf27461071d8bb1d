//! The data directory: created, private, and held by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use braid_tuning::tune::UNDO_FILE;

use crate::config::ClusterState;
use crate::config::settings::Notice;

/// The file whose lock says that a process works on the directory. It holds that process's id, and
/// stays when the process ends: the lock counts, not the file.
pub const LOCK_FILE: &str = "LOCK";

/// etcd keeps its data in this folder of its data directory.
const ETCD_FOLDER: &str = "member";

/// A data directory that this process alone works on, for as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    /// The directory.
    pub path: PathBuf,
    /// Whether there is no data in it yet.
    pub is_new: bool,
    /// What to warn about.
    pub notices: Vec<Notice>,
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DataDirError {
    #[error(
        "--data-dir {path}: cannot be created: {error}; give a directory that this user may write"
    )]
    Create { path: PathBuf, error: io::Error },
    #[error("--data-dir {path}: is no directory; give another one")]
    NoDirectory { path: PathBuf },
    #[error("--data-dir {path}: {error}; give a directory that this user may read and write")]
    Access { path: PathBuf, error: io::Error },
    #[error(
        "--data-dir {path}: in use by another process{}; stop that one, or give each server its own directory",
        .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error(
        "--data-dir {path}: holds the data of an etcd, which Braid does not read; give an empty directory"
    )]
    Etcd { path: PathBuf },
    #[error(
        "--data-dir {path}: holds no data, and --initial-cluster-state=existing would have it join a cluster, which is not built yet; give --initial-cluster-state=new, or the directory with the data"
    )]
    NothingToJoin { path: PathBuf },
}

impl DataDir {
    /// Creates the directory if it is missing, and locks it.
    ///
    /// # Errors
    /// It cannot be created or accessed, another process holds it, or what is in it is not ours.
    pub fn open(path: &Path, cluster: ClusterState) -> Result<Self, DataDirError> {
        let access = |error| DataDirError::Access { path: path.to_owned(), error };
        create(path)?;
        if path.join(ETCD_FOLDER).is_dir() {
            return Err(DataDirError::Etcd { path: path.to_owned() });
        }
        let lock = lock(path)?;
        let is_new = is_new(path).map_err(access)?;
        if is_new && cluster == ClusterState::Existing {
            return Err(DataDirError::NothingToJoin { path: path.to_owned() });
        }
        let notices = permissions(path).map_err(access)?.into_iter().collect();
        Ok(Self { path: path.to_owned(), is_new, notices, _lock: lock })
    }
}

fn create(path: &Path) -> Result<(), DataDirError> {
    if path.exists() && !path.is_dir() {
        return Err(DataDirError::NoDirectory { path: path.to_owned() });
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| DataDirError::Create { path: path.to_owned(), error })
}

fn lock(directory: &Path) -> Result<File, DataDirError> {
    let access = |error| DataDirError::Access { path: directory.to_owned(), error };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(directory.join(LOCK_FILE))
        .map_err(access)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(DataDirError::Locked { path: directory.to_owned(), pid: read_pid(&file) });
        }
        Err(TryLockError::Error(error)) => return Err(access(error)),
    }
    // Only for people who look for the process; the lock does not depend on it.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(access)?;
    Ok(file)
}

/// The process id in the lock file. Ids have ten digits at most.
fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether there is no data in the directory: the lock file is none, a new ext4's `lost+found` is
/// none, and neither is what `braid tune` notes for its undoing.
fn is_new(directory: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if ![LOCK_FILE, UNDO_FILE, "lost+found"].iter().any(|known| name == *known) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A warning when others may read or write the directory.
fn permissions(directory: &Path) -> io::Result<Option<Notice>> {
    let mode = fs::metadata(directory)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then(|| {
        Notice::warning(format!(
            "--data-dir {} has permissions {mode:03o}; 700 keeps others out",
            directory.display()
        ))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<DataDir, DataDirError> {
        DataDir::open(path, ClusterState::New)
    }

    #[test]
    fn creates_a_private_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let directory = open(&path).unwrap();
        assert!(directory.is_new && directory.notices.is_empty());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = open(directory.path()).unwrap();
        let error = open(directory.path()).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(error.contains(&format!("in use by another process (pid {pid})")), "{error}");
        assert!(error.contains(&directory.path().display().to_string()), "{error}");
        drop(first);
        assert!(open(directory.path()).unwrap().is_new);
    }

    #[test]
    fn data_makes_it_old() {
        let directory = tempfile::tempdir().unwrap();
        let existing = || DataDir::open(directory.path(), ClusterState::Existing);
        assert!(matches!(existing(), Err(DataDirError::NothingToJoin { .. })));
        fs::write(directory.path().join(UNDO_FILE), "").unwrap();
        assert!(open(directory.path()).unwrap().is_new);
        fs::write(directory.path().join("data"), "").unwrap();
        assert!(!existing().unwrap().is_new);
    }

    #[test]
    fn refuses_what_is_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("member")).unwrap();
        assert!(matches!(open(directory.path()), Err(DataDirError::Etcd { .. })));
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(open(&file), Err(DataDirError::NoDirectory { .. })));
        assert!(matches!(open(&file.join("below")), Err(DataDirError::Create { .. })));
    }

    #[test]
    fn warns_about_open_permissions() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let notices = open(directory.path()).unwrap().notices;
        assert!(notices[0].message.contains("permissions 755"), "{notices:?}");
    }
}
