//! The core that measures.

use std::cell::Cell;
use std::time::Duration;

use braid_runtime::clock::{self, Clock};
use braid_runtime::files::{Access, FileError, Scratch, ScratchFile, SyncMethod};

use super::lanes::{self, Times};
use super::load::Load;
use super::plan::{self, BLOCK_BYTES, FILES_MAX, Step};
use super::{FILE_BYTES, Report};
use crate::profile::Sync;

/// The part of the time in which the files are filled; a slow disk gets smaller ones.
const FILL_SHARE: u32 = 5;
/// The part of the time that each of the other measurements takes. There are about twenty.
const STEP_SHARE: u32 = 40;
/// The part of the time after which no further step is begun.
const LATE: f64 = 0.9;

/// Bytes of one write or read when throughput is measured.
const CHUNK_BYTES: usize = 1 << 20;
/// Random reads and writes under way at once.
const RANDOM_DEPTH: usize = 32;
/// How long cores that slept take to see that there is work.
const WAKE_UP: Duration = Duration::from_millis(50);

/// The measuring core.
pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) load: Load,
    /// About how long all of it may take.
    pub(super) time: Duration,
    /// Hears what comes next.
    pub(super) tell: fn(&str),
}

impl Bench {
    pub(super) async fn run(
        &self,
        files: &[Scratch],
        access: Access,
        logical_block_bytes: Option<u64>,
    ) -> Result<Report, FileError> {
        let plain = open_all(files, access, SyncMethod::Fdatasync).await?;
        let durable = open_all(files, access, SyncMethod::Dsync).await?;
        let mut report = Report::default();
        (self.tell)("filling files, which is writing sequentially");
        let (times, chunks) = self.fill(&plain).await?;
        report.sequential_writes = times;
        for step in plan::steps(logical_block_bytes) {
            if self.is_late() {
                report.is_cut_short = true;
                break;
            }
            (self.tell)(&step.describe());
            let files = if step.method == Sync::Dsync { &durable } else { &plain };
            report.durable.push((step, self.durable_writes(files, step, chunks).await?));
        }
        if !self.is_late() {
            (self.tell)("reading sequentially, then reading and writing at random");
            self.throughput(&plain, chunks, &mut report).await?;
        }
        report.is_cut_short |= self.is_late();
        Ok(report)
    }

    fn is_late(&self) -> bool {
        self.clock.now() > self.time.mul_f64(LATE)
    }

    /// Writes all files from their beginnings on, a lane for each of them; and how many chunks every
    /// one of them has by then.
    async fn fill(&self, files: &[ScratchFile]) -> Result<(Times, u64), FileError> {
        let chunks = FILE_BYTES / CHUNK_BYTES as u64;
        let filled: Vec<_> = files.iter().map(|_| Cell::new(0)).collect();
        let write = async |lane: usize, number: u64| {
            filled[lane].set((number + 1).min(chunks));
            files[lane].write(number % chunks * CHUNK_BYTES as u64, CHUNK_BYTES).await
        };
        let times = lanes::repeat(self.clock, files.len(), self.time / FILL_SHARE, write).await?;
        for file in files {
            file.sync().await?;
        }
        Ok((times, filled.iter().map(Cell::get).min().unwrap_or_default()))
    }

    async fn durable_writes(
        &self,
        files: &[ScratchFile],
        step: Step,
        chunks: u64,
    ) -> Result<Times, FileError> {
        self.load.set_busy(step.busy);
        if step.busy {
            clock::sleep(WAKE_UP).await;
        }
        let lanes = step.files * step.depth;
        let region = chunks * CHUNK_BYTES as u64 / step.depth as u64;
        let slots = (region / step.bytes as u64).max(1);
        let written =
            lanes::repeat(self.clock, lanes, self.time / STEP_SHARE, async |lane, number| {
                let offset =
                    region * (lane / step.files) as u64 + number % slots * step.bytes as u64;
                files[lane % step.files].write_durably(offset, step.bytes).await
            })
            .await;
        self.load.set_busy(false);
        written
    }

    /// Reads sequentially, then reads and writes at random.
    async fn throughput(
        &self,
        files: &[ScratchFile],
        chunks: u64,
        report: &mut Report,
    ) -> Result<(), FileError> {
        let (clock, blocks) = (self.clock, chunks * (CHUNK_BYTES / BLOCK_BYTES) as u64);
        let read_next = async |lane: usize, number: u64| {
            let offset = number % chunks * CHUNK_BYTES as u64;
            files[lane].read(offset, CHUNK_BYTES).await.map(drop)
        };
        let read_any = async |lane: usize, number| {
            let offset = scatter(lane, number, blocks);
            files[lane % FILES_MAX].read(offset, BLOCK_BYTES).await.map(drop)
        };
        let write_any = async |lane: usize, number| {
            files[lane % FILES_MAX].write(scatter(lane, number, blocks), BLOCK_BYTES).await
        };
        report.sequential_reads =
            lanes::repeat(clock, files.len(), self.time / STEP_SHARE, read_next).await?;
        report.random_reads =
            lanes::repeat(clock, RANDOM_DEPTH, self.time / STEP_SHARE, read_any).await?;
        report.random_writes =
            lanes::repeat(clock, RANDOM_DEPTH, self.time / STEP_SHARE, write_any).await?;
        Ok(())
    }
}

async fn open_all(
    files: &[Scratch],
    access: Access,
    method: SyncMethod,
) -> Result<Vec<ScratchFile>, FileError> {
    let mut open = Vec::with_capacity(files.len());
    for file in files {
        open.push(file.open(access, method).await?);
    }
    Ok(open)
}

/// The offset of a block among `blocks`, with no pattern that a disk could see.
fn scatter(lane: usize, number: u64, blocks: u64) -> u64 {
    let mixed =
        (number * RANDOM_DEPTH as u64 + lane as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 20) % blocks.max(1) * BLOCK_BYTES as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_blocks_stay_within_the_file() {
        let offsets: Vec<_> = (0..1000).map(|number| scatter(3, number, 8)).collect();
        assert!(offsets.iter().all(|offset| offset % 4096 == 0 && *offset < 8 * 4096));
        assert!((0..8).all(|block| offsets.contains(&(block * 4096))));
    }
}
