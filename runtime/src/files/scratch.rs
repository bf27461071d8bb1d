//! Files without a name, on which a disk is timed by the very path that the log's writes take.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use glommio::io::OpenOptions;

use super::{Access, FileError, LogFile, LogRing, SyncMethod, failed};

/// What the file is called for a moment where the file system knows only files with names.
const NAME: &str = ".braid-scratch";

/// A file that no folder lists: it is gone with the process, however that ends.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    file: File,
}

impl Scratch {
    /// Makes an empty file on the file system of `folder`. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn create(folder: &Path) -> Result<Self, FileError> {
        let file = unnamed(folder).or_else(|error| match error.raw_os_error() {
            // Some file systems, and kernels that take the flag for "a directory".
            Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL) => removed_at_once(folder),
            _ => Err(error),
        });
        let file = file.map_err(failed("create a file in", folder))?;
        Ok(Self { folder: folder.to_owned(), file })
    }

    /// Opens the file as a segment of the log is opened. On a core's executor.
    ///
    /// # Errors
    /// The system's.
    pub async fn open(&self, access: Access, method: SyncMethod) -> Result<ScratchFile, FileError> {
        let path = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(method.open_flags());
        let file = LogFile::open(&path, access, &options).await?;
        Ok(ScratchFile { folder: self.folder.clone(), file, method, rings: RefCell::default() })
    }
}

fn unnamed(folder: &Path) -> io::Result<File> {
    options().custom_flags(libc::O_TMPFILE).open(folder)
}

fn removed_at_once(folder: &Path) -> io::Result<File> {
    let path = folder.join(NAME);
    let file = options().create_new(true).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// A scratch file on a core's executor. Offsets and lengths are multiples of the disk's block size.
pub struct ScratchFile {
    folder: PathBuf,
    file: LogFile,
    method: SyncMethod,
    /// Those that do not write now: as many as there were durable writes at once.
    rings: RefCell<Vec<LogRing>>,
}

impl ScratchFile {
    /// Writes `len` bytes; they are durable once this completes.
    ///
    /// # Errors
    /// The system's.
    pub async fn write_durably(&self, offset: u64, len: usize) -> Result<(), FileError> {
        let failed = || failed("write to a file in", &self.folder);
        let idle = self.rings.borrow_mut().pop();
        let mut ring = idle.map_or_else(LogRing::new, Ok).map_err(failed())?;
        let write = ring.write(&self.file, offset, len, self.method.syncs(), fill).await;
        write.map_err(failed())?;
        self.rings.borrow_mut().push(ring);
        Ok(())
    }

    /// Writes `len` bytes, which need not be durable.
    ///
    /// # Errors
    /// The system's.
    pub async fn write(&self, offset: u64, len: usize) -> Result<(), FileError> {
        let write = self.file.write(offset, len, fill);
        write.await.map_err(failed("write to a file in", &self.folder))
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// The system's.
    pub async fn sync(&self) -> Result<(), FileError> {
        self.file.fdatasync().await.map_err(failed("sync a file in", &self.folder))
    }

    /// Reads `len` bytes.
    ///
    /// # Errors
    /// The system's.
    pub async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let read = self.file.read(offset, len);
        read.await.map_err(failed("read a file in", &self.folder))
    }
}

/// No zeros: a device may take those for nothing to write.
fn fill(buffer: &mut [u8]) {
    buffer.fill(0x5A);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TempDir, on_executor};
    use super::*;

    fn names(temp: &TempDir) -> usize {
        fs::read_dir(temp.path()).unwrap().count()
    }

    #[test]
    fn it_is_written_and_read_and_never_listed() {
        let temp = TempDir::new();
        for make in [unnamed, removed_at_once] {
            let file = make(temp.path()).unwrap();
            let scratch = Scratch { folder: temp.path().to_owned(), file };
            assert_eq!(names(&temp), 0);
            for (method, access) in
                [(SyncMethod::Dsync, Access::Direct), (SyncMethod::Fdatasync, Access::Buffered)]
            {
                on_executor(async {
                    let file = scratch.open(access, method).await.unwrap();
                    file.write_durably(4096, 4096).await.unwrap();
                    file.write(0, 4096).await.unwrap();
                    file.sync().await.unwrap();
                    assert_eq!(file.read(4096, 4096).await.unwrap(), [0x5A; 4096]);
                });
            }
            assert_eq!(names(&temp), 0);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let error = Scratch::create(Path::new("/proc")).unwrap_err().to_string();
        assert!(error.starts_with("cannot create a file in /proc: "), "{error}");
    }
}
