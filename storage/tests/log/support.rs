//! A disk in memory, and a log on it.

use std::collections::BTreeMap;

use braid_storage::ids::{
    ClusterId, CoreId, Generation, GroupId, Location, MemberId, Revision, SegmentId,
};
use braid_storage::limits::MAX_BLOCK_BYTES;
use braid_storage::log::{HardState, Log, LogConfig, Write};
use braid_storage::recover::{
    Inventory, Leftover, Recovered, RecoveredEntry, RecoveryError, Scan, SegmentFile,
};
use bytes::Bytes;

pub const CLUSTER: ClusterId = ClusterId(0xc1);
pub const MEMBER: MemberId = MemberId(0x3e);
pub const BLOCK: u32 = 512;

/// Sizes so small that a few entries fill a segment.
pub fn config(generation: u64, core: u16) -> LogConfig {
    LogConfig {
        segment_bytes: 4096,
        block_bytes: BLOCK,
        max_write_bytes: 2048,
        max_payload_bytes: 1500,
        ..LogConfig::new(CLUSTER, MEMBER, Generation(generation), CoreId(core), salt(generation))
    }
}

fn salt(generation: u64) -> u32 {
    0x9e37_79b9_u32.wrapping_mul(generation as u32)
}

/// Segment files by id.
#[derive(Clone, Default)]
pub struct Disk {
    pub files: BTreeMap<SegmentId, Vec<u8>>,
    /// What a new file holds before its header is written.
    pub stale: u8,
}

impl Disk {
    /// Prepares all segments that `log` wants.
    pub fn prepare(&mut self, log: &mut Log) {
        while let Some(header) = log.wants_segment() {
            let mut file = vec![self.stale; header.segment_bytes as usize];
            let block = header.encode_block();
            file[..block.len()].copy_from_slice(&block);
            self.files.insert(header.id, file);
            log.segment_ready(header.id);
        }
    }

    pub fn write(&mut self, write: &Write) {
        let file = self.files.get_mut(&write.segment().id).expect("it was prepared");
        let start = write.offset() as usize;
        write.copy_to(&mut file[start..start + write.len() as usize]);
    }

    /// Writes only the sectors for which `keeps` says so.
    pub fn write_torn(&mut self, write: &Write, mut keeps: impl FnMut(usize) -> bool) {
        let mut bytes = vec![0; write.len() as usize];
        write.copy_to(&mut bytes);
        let file = self.files.get_mut(&write.segment().id).expect("it was prepared");
        for (sector, chunk) in bytes.chunks(BLOCK as usize).enumerate().filter(|at| keeps(at.0)) {
            let start = write.offset() as usize + sector * BLOCK as usize;
            file[start..start + chunk.len()].copy_from_slice(chunk);
        }
    }

    pub fn give_back(&mut self, leftover: Leftover) {
        match leftover {
            Leftover::Segment(segment) => {
                self.files.remove(&segment).expect("it was found");
            }
            Leftover::Rest { segment, from } => {
                self.files.get_mut(&segment).expect("it was found").truncate(from as usize);
            }
        }
    }

    pub fn inventory(&self) -> Result<Inventory, RecoveryError> {
        let files = self.files.iter().rev().map(|(&id, bytes)| {
            let first = &bytes[..bytes.len().min(MAX_BLOCK_BYTES as usize)];
            SegmentFile { id, len: bytes.len() as u64, first_block: Bytes::copy_from_slice(first) }
        });
        Inventory::new(CLUSTER, MEMBER, files.collect())
    }

    pub fn scan(&self) -> Result<Recovered, RecoveryError> {
        let mut scan = Scan::new(self.inventory()?);
        while let Some(read) = scan.wants() {
            scan.feed(&self.read(read.segment, read.offset, read.len))?;
        }
        Ok(scan.finish())
    }

    pub fn replay(&self, recovered: &Recovered) -> Result<Vec<RecoveredEntry>, RecoveryError> {
        let mut entries = Vec::new();
        let mut replay = recovered.replay();
        while let Some(read) = replay.wants() {
            let bytes = self.read(read.segment, read.offset, read.len);
            replay.feed(&bytes, &mut |entry| entries.push(entry))?;
        }
        Ok(entries)
    }

    pub fn recover(&self) -> Result<(Recovered, Vec<RecoveredEntry>), RecoveryError> {
        let recovered = self.scan()?;
        let entries = self.replay(&recovered)?;
        Ok((recovered, entries))
    }

    fn read(&self, segment: SegmentId, offset: u32, len: u32) -> Bytes {
        let start = offset as usize;
        Bytes::copy_from_slice(&self.files[&segment][start..start + len as usize])
    }
}

/// A log that writes to a disk at once, and remembers what each write held.
pub struct Fixture {
    pub disk: Disk,
    pub log: Log,
    /// Entries that were pushed since the last write.
    pub pending: Vec<RecoveredEntry>,
    /// Entries of each write.
    pub written: Vec<Vec<RecoveredEntry>>,
    pub writes: Vec<(SegmentId, u32, u32)>,
}

impl Fixture {
    pub fn new() -> Self {
        Self::with(Disk::default(), config(1, 0))
    }

    pub fn with(mut disk: Disk, config: LogConfig) -> Self {
        let mut log = Log::new(config).expect("the sizes go together");
        disk.prepare(&mut log);
        Self { disk, log, pending: Vec::new(), written: Vec::new(), writes: Vec::new() }
    }

    pub fn push(&mut self, group: u16, term: u64, index: u64, payload: Bytes) -> Location {
        let group = GroupId(group);
        let location = self.log.push_entry(group, term, index, payload.clone());
        self.pending.push(RecoveredEntry { group, term, index, location, payload });
        location
    }

    pub fn push_hard_state(&mut self, group: u16, term: u64, vote: u64, commit: u64) {
        self.log.push_hard_state(GroupId(group), HardState { term, vote, commit });
    }

    /// Takes the next write, which must be there.
    pub fn take(&mut self, durable_w: u64) -> Write {
        self.disk.prepare(&mut self.log);
        let write = self.log.take_write(Revision(durable_w)).expect("there is something to write");
        let entries = self.pending.drain(..write.entries().count()).collect();
        self.written.push(entries);
        self.writes.push((write.segment().id, write.offset(), write.len()));
        write
    }

    /// Takes and writes all that was pushed.
    pub fn flush(&mut self, durable_w: u64) {
        while self.log.backlog_bytes() > 0 {
            let write = self.take(durable_w);
            self.disk.write(&write);
            self.log.written(write.number());
        }
    }

    /// All entries that were taken, in log order.
    pub fn entries(&self) -> Vec<RecoveredEntry> {
        self.written.concat()
    }
}

/// Takes in an entry as recovery must: it supersedes those of its index and above.
pub fn supersede(groups: &mut BTreeMap<u16, Vec<RecoveredEntry>>, entry: RecoveredEntry) {
    let entries = groups.entry(entry.group.0).or_default();
    entries.retain(|older| older.index < entry.index);
    entries.push(entry);
}

pub fn by_group(entries: &[RecoveredEntry]) -> BTreeMap<u16, Vec<RecoveredEntry>> {
    let mut groups: BTreeMap<u16, Vec<RecoveredEntry>> = BTreeMap::new();
    for entry in entries {
        groups.entry(entry.group.0).or_default().push(entry.clone());
    }
    groups
}

/// Bytes that tell entries apart.
pub fn payload(group: u16, index: u64, len: usize) -> Bytes {
    (0..len).map(|at| (at as u64 * 31 + index * 7 + u64::from(group)) as u8).collect()
}
