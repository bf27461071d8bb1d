//! The folder of the segment files: listing, reading and tidying them before the executors start.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use braid_storage::ids::SegmentId;
use braid_storage::recover::Leftover;
use glommio::io::OpenOptions;

use super::{Access, FileError, LogFile, failed};

/// The ending of a segment that is being made. It becomes a segment by renaming, so one that a
/// crash left half made never looks like one.
pub(super) const UNFINISHED: &str = ".new";

/// The folder `log` of a data directory.
#[derive(Clone, Debug)]
pub struct LogDir {
    pub(super) path: PathBuf,
    pub(super) access: Access,
}

impl LogDir {
    /// Makes the folder if it is not there, and removes what an interrupted [`Self::create`] left.
    /// `access` is what its file system allows. Blocks; for use before the executors start.
    ///
    /// # Errors
    /// The system's.
    pub fn open(data_dir: &Path, access: Access) -> Result<Self, FileError> {
        let path = data_dir.join("log");
        fs::create_dir_all(&path).map_err(failed("create", &path))?;
        sync_dir(data_dir)?;
        let dir = Self { path, access };
        for name in dir.names()?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            let leftover = dir.path.join(name);
            fs::remove_file(&leftover).map_err(failed("remove", &leftover))?;
        }
        Ok(dir)
    }

    /// The path of a segment's file.
    pub fn file(&self, id: SegmentId) -> PathBuf {
        self.path.join(id.file_name())
    }

    /// How its files are accessed while the server runs.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Opens a segment while the server runs.
    pub(super) async fn open_segment(
        &self,
        id: SegmentId,
        options: &OpenOptions,
    ) -> Result<LogFile, FileError> {
        LogFile::open(&self.file(id), self.access, options).await
    }

    /// Every segment file and its length in bytes, in the order of the ids. Other files are
    /// ignored. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn list(&self) -> Result<Vec<(SegmentId, u64)>, FileError> {
        let names = self.names()?;
        let mut ids: Vec<_> =
            names.iter().filter_map(|name| SegmentId::from_file_name(name)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|id| Ok((id, self.len(id)?))).collect()
    }

    fn len(&self, id: SegmentId) -> Result<u64, FileError> {
        let path = self.file(id);
        Ok(fs::metadata(&path).map_err(failed("inspect", &path))?.len())
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        let entries = fs::read_dir(&self.path).map_err(failed("list", &self.path))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<_>>().map_err(failed("list", &self.path))
    }

    /// `len` bytes of a segment from `offset` on, or fewer where the file ends. Blocks, and goes
    /// through the kernel's cache, whose read-ahead suits a recovery.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&self, id: SegmentId, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let path = self.file(id);
        let read = || {
            let file = File::open(&path)?;
            let mut bytes = vec![0; len];
            let count = read_full(&file, &mut bytes, offset)?;
            bytes.truncate(count);
            Ok(bytes)
        };
        read().map_err(failed::<io::Error>("read", &path))
    }

    /// Makes what can be read of a segment durable. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self, id: SegmentId) -> Result<(), FileError> {
        let path = self.file(id);
        let sync = || File::open(&path)?.sync_all();
        sync().map_err(failed("sync", &path))
    }

    /// Gives back space that holds nothing; durably. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn give_back(&self, leftover: Leftover) -> Result<(), FileError> {
        match leftover {
            Leftover::Segment(segment) => {
                let path = self.file(segment);
                fs::remove_file(&path).map_err(failed("remove", &path))?;
                sync_dir(&self.path)
            }
            Leftover::Rest { segment, from } => {
                let path = self.file(segment);
                let file = File::options().write(true).open(&path);
                file.and_then(|file| file.set_len(u64::from(from)).and_then(|()| file.sync_all()))
                    .map_err(failed("shorten", &path))
            }
        }
    }
}

pub(super) fn sync_dir(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(failed("sync", path))
}

/// Fills `bytes` from `offset` on, or up to the file's end; how many.
fn read_full(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut count = 0;
    while count < bytes.len() {
        match file.read_at(&mut bytes[count..], offset + count as u64) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempDir;
    use super::*;

    const ID: SegmentId = SegmentId(0x42);

    #[test]
    fn leftovers_are_given_back() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        let gone = SegmentId(0x43);
        [ID, gone].iter().for_each(|id| fs::write(dir.file(*id), [1; 9000]).unwrap());
        dir.give_back(Leftover::Segment(gone)).unwrap();
        dir.give_back(Leftover::Rest { segment: ID, from: 4096 }).unwrap();
        assert_eq!(dir.list().unwrap(), [(ID, 4096)]);
        assert_eq!(dir.read(ID, 4095, 9).unwrap(), [1]);
        assert!(dir.give_back(Leftover::Segment(gone)).is_err());
    }

    #[test]
    fn reads_end_with_the_file() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        fs::write(dir.file(ID), b"0123456789").unwrap();
        assert_eq!(dir.read(ID, 4, 3).unwrap(), b"456");
        assert_eq!(dir.read(ID, 8, 100).unwrap(), b"89");
        assert_eq!(dir.read(ID, 100, 1).unwrap(), b"");
    }

    #[test]
    fn half_made_segments_go_and_strangers_stay() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        let unfinished = dir.path.join(ID.file_name() + UNFINISHED);
        let stranger = dir.path.join("notes.txt");
        fs::write(&unfinished, b"half").unwrap();
        fs::write(&stranger, b"mine").unwrap();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        assert!(!unfinished.exists() && stranger.exists());
        assert_eq!(dir.list().unwrap(), []);
    }

    #[test]
    fn errors_name_the_file() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        let error = dir.read(ID, 0, 1).unwrap_err();
        assert_eq!(error.io().kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(&ID.file_name()), "{error}");
    }
}
