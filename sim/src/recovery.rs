//! From a disk to a member's cores: the loop that the real driver runs over files.

use braid_core::machine::CoreState;
use braid_core::member::{self, MemberConfig, MemberError};
use braid_core::recovery::{Replay, RestoreError, Survey};
use braid_core::routing::Routing;
use braid_storage::ids::{ClusterId, CoreId, MemberId, Revision};
use braid_storage::limits::{MAX_BLOCK_BYTES, MAX_PAYLOAD_BYTES};
use braid_storage::log::LogConfig;
use braid_storage::recover::{
    Inventory, ReadRequest, Recovered, RecoveredEntry, RecoveryError, Scan, SegmentFile,
};
use bytes::Bytes;

use crate::disk::Disk;
use crate::member::Options;

/// Whose the disks are.
pub const CLUSTER: ClusterId = ClusterId(11);
/// And which member's.
pub const MEMBER: MemberId = MemberId(12);

/// Why a disk cannot be started from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log's.
    #[error(transparent)]
    Log(#[from] RecoveryError),
    /// The history's.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The settings'.
    #[error(transparent)]
    Member(#[from] MemberError),
}

/// Recovers what `disk` holds and puts the cores together. `salt` is new for each start.
///
/// # Errors
/// What the real driver would refuse to start with.
pub fn recover(disk: &mut Disk, options: &Options, salt: u32) -> Result<Vec<CoreState>, Error> {
    let inventory = Inventory::new(CLUSTER, MEMBER, files(disk))?;
    let generation = inventory.next_generation();
    let recovered = scan(disk, inventory)?;
    let mut survey = Survey::default();
    each_entry(disk, &recovered, &mut |entry| survey.take(entry))?;
    let surveyed = survey.finish(recovered.durable_w)?;
    let genesis = surveyed.genesis;
    let (shards, seed) = genesis.unwrap_or((options.shards, options.hash_seed));
    let mut replay = Replay::new(surveyed, shards, options.core.value_bytes);
    each_entry(disk, &recovered, &mut |entry| replay.take(entry))?;
    let restore = replay.finish(&recovered);
    recovered.leftovers().into_iter().for_each(|leftover| disk.give_back(leftover));
    let log = LogConfig {
        segment_bytes: options.segment_bytes,
        block_bytes: options.block_bytes,
        max_write_bytes: options.segment_bytes / 2,
        max_payload_bytes: MAX_PAYLOAD_BYTES.min(options.segment_bytes / 2),
        ..LogConfig::new(CLUSTER, MEMBER, generation, CoreId(0), salt)
    };
    let config = MemberConfig {
        cluster: CLUSTER,
        member: MEMBER,
        routing: Routing::new(shards, seed, options.cores),
        genesis: genesis.is_none().then_some((shards, seed)),
        log,
        disk_bytes: disk.list().map(|(_, len)| len).sum(),
    };
    Ok(member::cores(&config, restore)?)
}

/// The highest watermark that any log on `disk` notes; `None` where the logs alone are refused.
#[must_use]
pub fn noted_watermark(mut disk: Disk) -> Option<Revision> {
    let inventory = Inventory::new(CLUSTER, MEMBER, files(&disk)).ok()?;
    scan(&mut disk, inventory).ok().map(|recovered| recovered.durable_w)
}

fn files(disk: &Disk) -> Vec<SegmentFile> {
    let file = |(id, len)| {
        let first = u64::from(MAX_BLOCK_BYTES).min(len) as usize;
        SegmentFile { id, len, first_block: disk.read(id, 0, first).unwrap_or_default() }
    };
    disk.list().map(file).collect()
}

fn scan(disk: &mut Disk, inventory: Inventory) -> Result<Recovered, RecoveryError> {
    let mut scan = Scan::new(inventory);
    while let Some(request) = scan.wants() {
        scan.feed(&read(disk, request))?;
    }
    let recovered = scan.finish();
    // What is built on must not be lost later: see `Recovered::tails`.
    let last = recovered.tails.iter().map(|tail| tail.generation).max();
    for tail in recovered.tails.iter().filter(|tail| Some(tail.generation) == last) {
        disk.sync(tail.segment);
    }
    Ok(recovered)
}

fn each_entry(
    disk: &Disk,
    recovered: &Recovered,
    take: &mut dyn FnMut(&RecoveredEntry) -> Result<(), RestoreError>,
) -> Result<(), Error> {
    let mut replay = recovered.replay();
    while let Some(request) = replay.wants() {
        let mut outcome = Ok(());
        replay.feed(&read(disk, request), &mut |entry| {
            if outcome.is_ok() {
                outcome = take(&entry);
            }
        })?;
        outcome?;
    }
    Ok(())
}

fn read(disk: &Disk, ReadRequest { segment, offset, len }: ReadRequest) -> Bytes {
    disk.read(segment, offset, len as usize).unwrap_or_default()
}
