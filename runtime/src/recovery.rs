//! Reads a data directory's logs back, before the executors start.

use braid_core::recovery::{Replay, Restore, RestoreError, Survey};
use braid_storage::ids::{ClusterId, Generation, MemberId, SegmentId};
use braid_storage::limits::MAX_BLOCK_BYTES;
use braid_storage::recover::{
    Inventory, ReadRequest, Recovered, RecoveredEntry, RecoveryError, Scan, SegmentFile,
};
use bytes::Bytes;

use crate::files::{FileError, LogDir};

/// What the logs held.
pub struct Found {
    /// The state to start with.
    pub restore: Restore,
    /// The cluster's shard count and hash seed; `None` when nothing was ever decided.
    pub genesis: Option<(u16, u64)>,
    /// The generation of this start.
    pub generation: Generation,
    /// Bytes of all segments, without what was given back.
    pub disk_bytes: u64,
}

/// Why the logs cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk's.
    #[error(transparent)]
    File(#[from] FileError),
    /// The log's.
    #[error("the log is damaged: {0}")]
    Log(#[from] RecoveryError),
    /// The history's.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The map of shards does not fit.
    #[error("the log has {log} shards, the directory was made for {directory}: a foreign log?")]
    Shards {
        /// As the log says.
        log: u16,
        /// As the identity file says.
        directory: u16,
    },
}

/// Recovers the member's state, and gives back what earlier starts left unused. `value_bytes` of
/// values are kept in memory.
///
/// # Errors
/// Damage, with file and offset; or history that misses acknowledged data.
pub fn recover(
    dir: &LogDir,
    cluster: ClusterId,
    member: MemberId,
    shards: u16,
    value_bytes: usize,
) -> Result<Found, Error> {
    let files = dir.list()?;
    let mut segments = Vec::with_capacity(files.len());
    for (id, len) in files {
        let first_block = Bytes::from(dir.read(id, 0, MAX_BLOCK_BYTES as usize)?);
        segments.push(SegmentFile { id, len, first_block });
    }
    let inventory = Inventory::new(cluster, member, segments)?;
    let generation = inventory.next_generation();
    let recovered = scan(dir, inventory)?;
    let mut survey = Survey::default();
    each_entry(dir, &recovered, &mut |entry| survey.take(entry))?;
    let surveyed = survey.finish(recovered.durable_w)?;
    let genesis = surveyed.genesis;
    if let Some((log, _)) = genesis.filter(|(log, _)| *log != shards) {
        return Err(Error::Shards { log, directory: shards });
    }
    let mut replay = Replay::new(surveyed, shards, value_bytes);
    each_entry(dir, &recovered, &mut |entry| replay.take(entry))?;
    let restore = replay.finish(&recovered);
    for leftover in recovered.leftovers() {
        dir.give_back(leftover)?;
    }
    let disk_bytes = dir.list()?.iter().map(|(_, len)| len).sum();
    Ok(Found { restore, genesis, generation, disk_bytes })
}

fn scan(dir: &LogDir, inventory: Inventory) -> Result<Recovered, Error> {
    let mut scan = Scan::new(inventory);
    while let Some(request) = scan.wants() {
        scan.feed(&read(dir, request)?)?;
    }
    let recovered = scan.finish();
    for cut in &recovered.cuts {
        tracing::warn!("a write that was never finished is cut off: {cut:?}");
    }
    sync_last(dir, &recovered)?;
    Ok(recovered)
}

/// A killed process leaves bytes that can be read and yet are not durable; what is built on them
/// must not be lost later.
fn sync_last(dir: &LogDir, recovered: &Recovered) -> Result<(), Error> {
    let last = recovered.tails.iter().map(|tail| tail.generation).max();
    let tails = recovered.tails.iter().filter(|tail| Some(tail.generation) == last);
    let segments: Vec<SegmentId> = tails.map(|tail| tail.segment).collect();
    for segment in segments {
        dir.sync(segment)?;
    }
    Ok(())
}

fn each_entry(
    dir: &LogDir,
    recovered: &Recovered,
    take: &mut dyn FnMut(&RecoveredEntry) -> Result<(), RestoreError>,
) -> Result<(), Error> {
    let mut replay = recovered.replay();
    let mut outcome = Ok(());
    while let Some(request) = replay.wants() {
        let bytes = read(dir, request)?;
        replay.feed(&bytes, &mut |entry| {
            if outcome.is_ok() {
                outcome = take(&entry);
            }
        })?;
        std::mem::replace(&mut outcome, Ok(()))?;
    }
    Ok(())
}

fn read(dir: &LogDir, request: ReadRequest) -> Result<Bytes, Error> {
    let ReadRequest { segment, offset, len } = request;
    Ok(dir.read(segment, u64::from(offset), len as usize)?.into())
}
