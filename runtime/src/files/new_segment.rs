//! New segments for a log that grows, also when the disk is full for a while.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, io};

use braid_storage::ids::SegmentId;
use braid_storage::segment::SegmentHeader;
use glommio::io::OpenOptions;

use super::log_dir::{UNFINISHED, sync_dir};
use super::{FileError, LogDir, LogFile, failed};
use crate::clock;
use crate::fatal::{Exit, fatal};

/// Bytes zeroed by one write: large enough for full speed, small enough that a log write behind
/// one waits for about a millisecond.
const ZERO_CHUNK: usize = 1 << 20;

/// How long a full disk is left alone before the next try.
const RETRY: Duration = Duration::from_secs(2);

/// How fast a new segment is zeroed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the disk can: nobody waits for anything else yet.
    Full,
    /// Half of the time, so that log writes find the disk idle.
    Gentle,
}

/// Makes a segment, as soon as the disk has room for it; `on_full` is called once if it has none.
///
/// Other failures end the process. So does a full disk at the start, when there is no segment yet
/// to go on in.
pub async fn new_segment(dir: &LogDir, segment: &SegmentHeader, on_full: impl Fn()) {
    let Err(error) = create(dir, segment).await else { return };
    give_up_unless_full(segment, &error);
    tracing::error!(
        "the disk is full: puts and new leases are refused, all else goes on; make room on it, \
         and they are taken again: {error}"
    );
    on_full();
    loop {
        clock::sleep(RETRY).await;
        match create(dir, segment).await {
            Ok(()) => break,
            Err(error) => give_up_unless_full(segment, &error),
        }
    }
    tracing::warn!("the disk has room again: puts and new leases are taken");
}

async fn create(dir: &LogDir, segment: &SegmentHeader) -> Result<(), FileError> {
    // Nothing can be written before the first segment; later ones are prepared ahead.
    let pace = if segment.ordinal == 0 { Pace::Full } else { Pace::Gentle };
    let len = u64::from(segment.segment_bytes);
    dir.create(segment.id, len, &segment.encode_block(), pace).await
}

fn give_up_unless_full(segment: &SegmentHeader, error: &FileError) {
    match (error.is_no_space(), segment.ordinal) {
        (true, 0) => fatal(
            Exit::Disk,
            format_args!("no room for a new log: {error}; make room on the disk, then start again"),
        ),
        (true, _) => {}
        (false, _) => fatal(
            Exit::Disk,
            format_args!("no new log segment: {error}; check the disk, then start again"),
        ),
    }
}

impl LogDir {
    /// Makes a segment of `len` bytes that begins with `first_block` (a whole number of blocks)
    /// and holds zeros otherwise; durable once this completes. Every block is written, not just
    /// reserved, so that no later write changes the file's metadata.
    ///
    /// # Errors
    /// The system's; no segment of this name is there then.
    pub async fn create(
        &self,
        id: SegmentId,
        len: u64,
        first_block: &[u8],
        pace: Pace,
    ) -> Result<(), FileError> {
        let unfinished = self.path.join(id.file_name() + UNFINISHED);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = LogFile::open(&unfinished, self.access, &options).await?;
        let filled = fill(&file, len, first_block, pace).await;
        file.close().await.map_err(failed("close", &unfinished))?;
        match filled {
            Ok(()) => self.publish(unfinished, self.file(id)).await,
            Err(error) => {
                // So that it can be tried again; what stays goes at the next start.
                let _ = glommio::io::remove(&unfinished).await;
                Err(failed("fill", &unfinished)(error))
            }
        }
    }

    async fn publish(&self, unfinished: PathBuf, path: PathBuf) -> Result<(), FileError> {
        let folder = self.path.clone();
        let rename = move || {
            fs::rename(&unfinished, &path).map_err(failed("rename", &unfinished))?;
            sync_dir(&folder)
        };
        glommio::executor().spawn_blocking(rename).await
    }
}

/// Writes `first_block` and zeros up to `len`, then syncs.
async fn fill(file: &LogFile, len: u64, first_block: &[u8], pace: Pace) -> io::Result<()> {
    file.reserve(len).await?;
    let mut at = 0;
    let mut start = first_block;
    while at < len {
        let size = usize::try_from(len - at).map_or(ZERO_CHUNK, |left| left.min(ZERO_CHUNK));
        let began = Instant::now();
        file.write(at, size, |buffer| begin_with(start, buffer)).await?;
        at += size as u64;
        start = &[];
        if pace == Pace::Gentle {
            clock::sleep(began.elapsed()).await;
        }
    }
    file.fdatasync().await
}

/// Makes `buffer` hold `start`, then zeros.
fn begin_with(start: &[u8], buffer: &mut [u8]) {
    let (head, rest) = buffer.split_at_mut(start.len());
    head.copy_from_slice(start);
    rest.fill(0);
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::super::testing::{TempDir, on_executor};
    use super::*;

    const ID: SegmentId = SegmentId(0x42);

    #[test]
    fn a_new_segment_is_its_first_block_and_zeros() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        let len = 3 * ZERO_CHUNK as u64 + 8192;
        let creating = dir.clone();
        on_executor(async move {
            creating.create(ID, len, &[7; 4096], Pace::Gentle).await.unwrap();
        });
        assert_eq!(dir.list().unwrap(), [(ID, len)]);
        let bytes = dir.read(ID, 0, usize::try_from(len).unwrap() + 1).unwrap();
        assert_eq!(bytes.len() as u64, len);
        assert!(bytes[..4096].iter().all(|&byte| byte == 7));
        assert!(bytes[4096..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn all_blocks_of_a_new_segment_are_written() {
        use std::os::unix::fs::MetadataExt;
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        let creating = dir.clone();
        on_executor(async move {
            creating.create(ID, 1 << 20, &[], Pace::Full).await.unwrap();
        });
        assert!(fs::metadata(dir.file(ID)).unwrap().blocks() * 512 >= 1 << 20);
    }

    #[test]
    fn an_existing_segment_is_not_overwritten_half_way() {
        let temp = TempDir::new();
        let dir = LogDir::open(temp.path(), Access::Direct).unwrap();
        fs::write(dir.path.join(ID.file_name() + UNFINISHED), b"other").unwrap();
        on_executor(async move {
            let error = dir.create(ID, 4096, &[], Pace::Full).await.unwrap_err();
            assert!(error.to_string().contains("cannot open"), "{error}");
        });
    }
}
