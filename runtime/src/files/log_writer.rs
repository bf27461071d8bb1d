//! Writes to a core's log that are durable when they complete.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use braid_storage::ids::SegmentId;
use glommio::io::OpenOptions;

use super::{Access, FileError, LogDir, LogFile, LogRing, UnsyncedJournal, failed};
use crate::fatal::{Exit, fatal};

/// How a write becomes durable. Measured on one virtual machine with two processors, one 4 KiB or
/// 16 KiB write at a time from a pinned core (`runtime/examples/log_sync.rs` measures it again):
///
/// | | O_DSYNC | write linked to fdatasync |
/// |---|---|---|
/// | idle machine, median | 144 to 154 us | 142 us |
/// | processor time of the process | 60 us | 85 us |
/// | both processors fully used by others, median | 4 ms | 0.14 ms |
///
/// The kernel finishes an O_DSYNC write on a worker of its own, which has to wait for a processor
/// like everybody else; io_uring does an fdatasync on a thread of this process, on the core that
/// has just gone to sleep. That thread competes with a core that spins, so long spins slow it down.
/// A server is judged when it is busy, and group commit spreads the processor time over many
/// writes: hence fdatasync, unless the profile says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMethod {
    /// The file is opened with O_DSYNC: one operation for each write.
    Dsync,
    /// `fdatasync` after each write.
    Fdatasync,
}

impl SyncMethod {
    /// What a file is opened with so that writes by this method are durable.
    pub(super) fn open_flags(self) -> libc::c_int {
        match self {
            Self::Dsync => libc::O_DSYNC,
            Self::Fdatasync => 0,
        }
    }

    /// Whether a sync has to follow each write.
    pub(super) fn syncs(self) -> bool {
        self == Self::Fdatasync
    }
}

/// The writer of one core's log. It keeps the segment that it wrote to last open.
pub struct LogWriter {
    dir: LogDir,
    method: SyncMethod,
    journal: Option<UnsyncedJournal>,
    current: RefCell<Option<(SegmentId, Rc<Segment>)>>,
    /// Not there while it writes.
    ring: Cell<Option<LogRing>>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: LogFile,
}

impl LogWriter {
    /// A writer to the segments of `dir`; `journal` is for tests. Through the kernel's cache every
    /// write is followed by an `fdatasync`, whatever `method` says: what O_DSYNC saves, it saves by
    /// going past the cache. On the core's executor.
    ///
    /// # Errors
    /// The system's, when the writer's ring cannot be made.
    pub fn new(
        dir: LogDir,
        method: SyncMethod,
        journal: Option<UnsyncedJournal>,
    ) -> io::Result<Self> {
        let method = match dir.access() {
            Access::Direct => method,
            Access::Buffered => SyncMethod::Fdatasync,
        };
        let ring = Cell::new(Some(LogRing::new()?));
        Ok(Self { dir, method, journal, current: RefCell::default(), ring })
    }

    /// Writes the `len` bytes that `fill` puts into the buffer it is given, at `offset` of an
    /// existing segment, and completes when they are durable. `offset` and `len` are multiples of
    /// the block size; the buffer's first content is arbitrary.
    ///
    /// One write at a time.
    ///
    /// A failure ends the process: what the kernel dropped after a failed sync cannot be had back
    /// by trying again, and nobody may be told anything that rests on it.
    pub async fn write(
        &self,
        id: SegmentId,
        offset: u64,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) {
        if let Err(error) = self.try_write(id, offset, len, fill).await {
            fatal(
                Exit::Disk,
                format_args!(
                    "{len} bytes at offset {offset} of the log may be lost: {error}; none of them \
                     was acknowledged. Check the disk, then start again"
                ),
            );
        }
    }

    async fn try_write(
        &self,
        id: SegmentId,
        offset: u64,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), FileError> {
        let segment = self.segment(id).await?;
        let write = match &self.journal {
            None => self.put(&segment.file, offset, len, self.method.syncs(), fill).await,
            Some(journal) => self.write_journaled(journal, &segment, offset, len, fill).await,
        };
        write.map_err(failed("write to", &segment.path))
    }

    async fn write_journaled(
        &self,
        journal: &UnsyncedJournal,
        segment: &Segment,
        offset: u64,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        let old = segment.file.read(offset, len).await?;
        journal.note(&segment.path, offset, &old)?;
        let syncs = self.method.syncs() && !journal.skips_sync();
        self.put(&segment.file, offset, len, syncs, fill).await?;
        if journal.skips_sync() { Ok(()) } else { journal.synced() }
    }

    async fn put(
        &self,
        file: &LogFile,
        offset: u64,
        len: usize,
        syncs: bool,
        fill: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        let mut ring = self.ring.take().expect("one write at a time");
        let written = ring.write(file, offset, len, syncs, fill).await;
        self.ring.set(Some(ring));
        written
    }

    async fn segment(&self, id: SegmentId) -> Result<Rc<Segment>, FileError> {
        if let Some((open, segment)) = &*self.current.borrow()
            && *open == id
        {
            return Ok(segment.clone());
        }
        let file = self.open(id).await?;
        let segment = Rc::new(Segment { path: self.dir.file(id), file });
        self.current.replace(Some((id, segment.clone())));
        Ok(segment)
    }

    async fn open(&self, id: SegmentId) -> Result<LogFile, FileError> {
        let skips_sync = self.journal.as_ref().is_some_and(UnsyncedJournal::skips_sync);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if !skips_sync {
            options.custom_flags(self.method.open_flags());
        }
        self.dir.open_segment(id, &options).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pace;
    use super::super::testing::{TempDir, on_executor};
    use super::*;
    use braid_storage::ids::CoreId;
    use std::fs;

    const FIRST: SegmentId = SegmentId(1);
    const SECOND: SegmentId = SegmentId(2);
    const LEN: u64 = 1 << 20;

    async fn dir_with_segments(temp: &TempDir) -> LogDir {
        dir_with_access(temp, Access::Direct).await
    }

    async fn dir_with_access(temp: &TempDir, access: Access) -> LogDir {
        let dir = LogDir::open(temp.path(), access).unwrap();
        for id in [FIRST, SECOND] {
            dir.create(id, LEN, &[], Pace::Full).await.unwrap();
        }
        dir
    }

    #[test]
    fn writes_land_where_they_should() {
        for (method, access) in [
            (SyncMethod::Dsync, Access::Direct),
            (SyncMethod::Fdatasync, Access::Direct),
            (SyncMethod::Dsync, Access::Buffered),
        ] {
            let temp = TempDir::new();
            on_executor(async {
                let dir = dir_with_access(&temp, access).await;
                let writer = LogWriter::new(dir.clone(), method, None).unwrap();
                writer.write(FIRST, 4096, 8192, |buffer| buffer.fill(1)).await;
                writer.write(SECOND, 0, 512 << 10, |buffer| buffer.fill(2)).await;
                writer.write(FIRST, 12288, 4096, |buffer| buffer.fill(3)).await;
                let bytes = dir.read(FIRST, 0, 20480).unwrap();
                let blocks: Vec<_> = bytes.chunks(4096).map(|block| block[4095]).collect();
                assert_eq!(blocks, [0, 1, 1, 3, 0]);
                assert_eq!(dir.read(SECOND, (512 << 10) - 1, 2).unwrap(), [2, 0]);
            });
        }
    }

    #[test]
    fn a_write_past_the_segment_or_to_none_fails() {
        let temp = TempDir::new();
        on_executor(async {
            let dir = dir_with_segments(&temp).await;
            let writer = LogWriter::new(dir, SyncMethod::Dsync, None).unwrap();
            let error = writer.try_write(SegmentId(9), 0, 4096, |_| ()).await.unwrap_err();
            assert!(error.to_string().contains(&SegmentId(9).file_name()), "{error}");
            let unaligned = writer.try_write(FIRST, 1, 4096, |_| ()).await.unwrap_err();
            assert!(unaligned.to_string().contains("cannot write to"), "{unaligned}");
        });
    }

    fn journal_len(temp: &TempDir) -> u64 {
        fs::metadata(temp.path().join("core-0.journal")).unwrap().len()
    }

    #[test]
    fn the_journal_is_empty_after_a_synced_write() {
        let temp = TempDir::new();
        on_executor(async {
            let dir = dir_with_segments(&temp).await;
            let journal = UnsyncedJournal::open(temp.path(), CoreId(0), false).unwrap();
            let writer = LogWriter::new(dir.clone(), SyncMethod::Dsync, Some(journal)).unwrap();
            writer.write(FIRST, 0, 4096, |buffer| buffer.fill(1)).await;
            assert_eq!(journal_len(&temp), 0);
            assert_eq!(dir.read(FIRST, 0, 1).unwrap(), [1]);
        });
    }

    #[test]
    fn the_journal_of_a_build_that_never_syncs_holds_what_was_there() {
        let temp = TempDir::new();
        on_executor(async {
            let dir = dir_with_segments(&temp).await;
            let journal = UnsyncedJournal::open(temp.path(), CoreId(0), true).unwrap();
            let writer = LogWriter::new(dir, SyncMethod::Dsync, Some(journal)).unwrap();
            writer.write(FIRST, 0, 4096, |buffer| buffer.fill(1)).await;
            writer.write(FIRST, 0, 4096, |buffer| buffer.fill(2)).await;
            let journal = fs::read(temp.path().join("core-0.journal")).unwrap();
            let (first, second) = journal.split_at(journal.len() / 2);
            assert_eq!((first[first.len() - 5], second[second.len() - 5]), (0, 1));
        });
    }
}
