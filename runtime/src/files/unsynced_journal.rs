//! A test mode: remembers what writes overwrote until they are synced, so that a test can undo
//! random parts of unsynced writes after a kill. Killing a process alone proves nothing about
//! syncs, as the kernel keeps what was written.
//!
//! `BRAID_TEST_UNSYNCED_JOURNAL=<folder>` turns it on; each core appends to
//! `<folder>/core-<n>.journal` before it submits a write, and empties the file after the sync. A
//! record, integers in little-endian order:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the path |
//! | … | path of the file |
//! | 8 | offset of the write |
//! | 4 | length of the write |
//! | … | what was there before |
//! | 4 | CRC-32C of all of the above |
//!
//! `BRAID_TEST_SKIP_SYNC=1` is a planted bug, only heeded together with the journal: writes count
//! as synced without being so, and the journal keeps them. A crash test that finds nothing then
//! is worth nothing.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use braid_storage::ids::CoreId;

use super::{FileError, failed};

/// The journal of one core.
#[derive(Debug)]
pub struct UnsyncedJournal {
    file: File,
    skip_sync: bool,
}

impl UnsyncedJournal {
    /// The journal that the environment asks for. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn from_environment(core: CoreId) -> Result<Option<Self>, FileError> {
        let Some(folder) = env::var_os("BRAID_TEST_UNSYNCED_JOURNAL") else { return Ok(None) };
        let skip_sync = env::var_os("BRAID_TEST_SKIP_SYNC").is_some_and(|value| value == "1");
        tracing::warn!(%core, skip_sync, "test mode: unsynced writes are journaled");
        Self::open(Path::new(&folder), core, skip_sync).map(Some)
    }

    /// The journal of `core` in `folder`, emptied.
    pub(super) fn open(folder: &Path, core: CoreId, skip_sync: bool) -> Result<Self, FileError> {
        let path = folder.join(format!("core-{core}.journal"));
        // Append mode: after it was emptied the next record starts at the beginning.
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        file.set_len(0).map_err(failed("empty", &path))?;
        Ok(Self { file, skip_sync })
    }

    /// Whether writes shall pass for synced without being so.
    pub(super) fn skips_sync(&self) -> bool {
        self.skip_sync
    }

    /// Notes that `old` is about to be overwritten.
    pub(super) fn note(&self, path: &Path, offset: u64, old: &[u8]) -> io::Result<()> {
        (&self.file).write_all(&record(path, offset, old))
    }

    /// Everything that was noted is durable now.
    pub(super) fn synced(&self) -> io::Result<()> {
        if self.skip_sync { Ok(()) } else { self.file.set_len(0) }
    }
}

fn record(path: &Path, offset: u64, old: &[u8]) -> Vec<u8> {
    let path = path.as_os_str().as_bytes();
    let mut record = Vec::with_capacity(path.len() + old.len() + 20);
    record.extend_from_slice(&length(path));
    record.extend_from_slice(path);
    record.extend_from_slice(&offset.to_le_bytes());
    record.extend_from_slice(&length(old));
    record.extend_from_slice(old);
    record.extend_from_slice(&crc32c::crc32c(&record).to_le_bytes());
    record
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("a path or one write is shorter than 4 GiB").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempDir;
    use super::*;
    use std::fs;

    #[test]
    fn a_record_is_as_drawn() {
        let record = record(Path::new("/a"), 0x0102, b"old");
        let (body, crc) = record.split_at(record.len() - 4);
        assert_eq!(body, b"\x02\0\0\0/a\x02\x01\0\0\0\0\0\0\x03\0\0\0old");
        assert_eq!(crc, crc32c::crc32c(body).to_le_bytes());
    }

    #[test]
    fn notes_stay_until_the_sync() {
        let temp = TempDir::new();
        let journal = UnsyncedJournal::open(temp.path(), CoreId(3), false).unwrap();
        let len = || fs::metadata(temp.path().join("core-3.journal")).unwrap().len();
        journal.note(Path::new("/a"), 0, b"one").unwrap();
        let first = len();
        journal.note(Path::new("/a"), 8, b"two").unwrap();
        assert_eq!(len(), 2 * first);
        journal.synced().unwrap();
        assert_eq!(len(), 0);
        journal.note(Path::new("/a"), 0, b"one").unwrap();
        assert_eq!(len(), first);
    }

    #[test]
    fn the_planted_bug_keeps_the_notes() {
        let temp = TempDir::new();
        let journal = UnsyncedJournal::open(temp.path(), CoreId(0), true).unwrap();
        journal.note(Path::new("/a"), 0, b"one").unwrap();
        journal.synced().unwrap();
        assert_ne!(fs::metadata(temp.path().join("core-0.journal")).unwrap().len(), 0);
    }
}
