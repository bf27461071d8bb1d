//! A member's disk: segments as bytes, with everything that a crash may do to what was not synced.
//!
//! A write shows to readers at once and is durable once it is synced. When the power fails, any
//! subset of the sectors of unsynced writes survives; when only the process is killed, what
//! survives can be read and may still be lost by the next failure.

mod damage;

use std::collections::BTreeMap;

use braid_storage::ids::SegmentId;
use braid_storage::recover::Leftover;
use braid_storage::segment::SegmentHeader;
use bytes::Bytes;

use crate::model::random::Random;

pub use damage::Damage;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// How a member ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies; the kernel keeps what it was given.
    Kill,
    /// The machine dies, and with it whatever was not synced.
    PowerLoss,
}

/// The segments of a member.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    segments: BTreeMap<SegmentId, Segment>,
}

#[derive(Clone, Debug)]
struct Segment {
    header: SegmentHeader,
    durable: Vec<u8>,
    /// Writes on top, in order.
    unsynced: Vec<Patch>,
}

#[derive(Clone, Debug)]
struct Patch {
    offset: usize,
    bytes: Vec<u8>,
}

impl Disk {
    /// Creates a segment's file, durably: its name appears when it is complete.
    pub fn create(&mut self, header: &SegmentHeader) {
        let mut durable = header.encode_block();
        durable.resize(header.segment_bytes as usize, 0);
        let before = self
            .segments
            .insert(header.id, Segment { header: *header, durable, unsynced: Vec::new() });
        assert!(before.is_none(), "segment {} was created twice", header.id);
    }

    /// Writes without a sync.
    pub fn write(&mut self, segment: SegmentId, offset: u32, bytes: Vec<u8>) {
        let patch = Patch { offset: offset as usize, bytes };
        self.segment_mut(segment).unsynced.push(patch);
    }

    /// Makes all that was written to the segment durable.
    pub fn sync(&mut self, segment: SegmentId) {
        let segment = self.segment_mut(segment);
        for patch in std::mem::take(&mut segment.unsynced) {
            patch.apply(&mut segment.durable);
        }
    }

    /// Gives back space that holds nothing, durably.
    pub fn give_back(&mut self, leftover: Leftover) {
        match leftover {
            Leftover::Segment(segment) => {
                self.segments.remove(&segment);
            }
            Leftover::Rest { segment, from } => {
                self.sync(segment);
                self.segment_mut(segment).durable.truncate(from as usize);
            }
        }
    }

    /// What a reader sees.
    #[must_use]
    pub fn read(&self, segment: SegmentId, offset: u32, len: usize) -> Option<Bytes> {
        let segment = self.segments.get(&segment)?;
        let start = offset as usize;
        let bytes = segment.current().get(start..start + len)?.to_vec();
        Some(bytes.into())
    }

    /// Each segment and its file's length.
    pub fn list(&self) -> impl Iterator<Item = (SegmentId, u64)> {
        self.segments.iter().map(|(id, segment)| (*id, segment.durable.len() as u64))
    }

    /// What is left after a crash.
    #[must_use]
    pub fn crash(mut self, crash: Crash, random: &mut Random) -> Self {
        // All, none, or some of the sectors, so that both ends happen often.
        let lost_in_eight = random.pick(&[0, 1, 4, 7, 8]);
        for segment in self.segments.values_mut() {
            let mut survivors = Vec::new();
            for patch in std::mem::take(&mut segment.unsynced) {
                survivors.extend(patch.sectors().filter(|_| random.below(8) >= lost_in_eight));
            }
            segment.unsynced = survivors;
        }
        if crash == Crash::PowerLoss {
            let all: Vec<SegmentId> = self.segments.keys().copied().collect();
            all.into_iter().for_each(|segment| self.sync(segment));
        }
        self
    }

    fn segment_mut(&mut self, id: SegmentId) -> &mut Segment {
        match self.segments.get_mut(&id) {
            Some(segment) => segment,
            None => panic!("segment {id} was never created"),
        }
    }
}

impl Segment {
    fn current(&self) -> std::borrow::Cow<'_, [u8]> {
        if self.unsynced.is_empty() {
            return (&self.durable[..]).into();
        }
        let mut current = self.durable.clone();
        self.unsynced.iter().for_each(|patch| patch.apply(&mut current));
        current.into()
    }
}

impl Patch {
    fn apply(&self, to: &mut [u8]) {
        to[self.offset..self.offset + self.bytes.len()].copy_from_slice(&self.bytes);
    }

    fn sectors(&self) -> impl Iterator<Item = Patch> {
        let offsets = (self.offset..).step_by(SECTOR_BYTES);
        let sectors = self.bytes.chunks(SECTOR_BYTES);
        offsets.zip(sectors).map(|(offset, bytes)| Patch { offset, bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use braid_storage::ids::{ClusterId, CoreId, Generation, MemberId};
    use braid_storage::log::{Log, LogConfig};

    fn disk() -> (Disk, SegmentId) {
        let config = LogConfig {
            segment_bytes: 8192,
            block_bytes: 512,
            max_write_bytes: 4096,
            max_payload_bytes: 2000,
            ..LogConfig::new(ClusterId(1), MemberId(2), Generation(3), CoreId(0), 5)
        };
        let header = Log::new(config).unwrap().wants_segment().unwrap();
        let mut disk = Disk::default();
        disk.create(&header);
        (disk, header.id)
    }

    fn byte(disk: &Disk, segment: SegmentId, offset: u32) -> u8 {
        disk.read(segment, offset, 1).unwrap()[0]
    }

    #[test]
    fn what_was_synced_survives() {
        for seed in 0..20 {
            let (mut disk, segment) = disk();
            disk.write(segment, 512, vec![1; 1024]);
            disk.sync(segment);
            disk.write(segment, 1024, vec![2; 512]);
            assert_eq!(byte(&disk, segment, 1024), 2);
            let disk = disk.crash(Crash::PowerLoss, &mut Random::new(seed));
            assert_eq!(byte(&disk, segment, 512), 1);
        }
    }

    #[test]
    fn what_a_kill_leaves_may_be_lost_later() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..100 {
            let mut random = Random::new(seed);
            let (mut disk, segment) = disk();
            disk.write(segment, 512, vec![1; 512]);
            let disk = disk.crash(Crash::Kill, &mut random);
            let before = byte(&disk, segment, 512);
            let disk = disk.crash(Crash::PowerLoss, &mut random);
            seen.insert((before, byte(&disk, segment, 512)));
        }
        assert_eq!(seen, [(0, 0), (1, 0), (1, 1)].into());
    }
}
