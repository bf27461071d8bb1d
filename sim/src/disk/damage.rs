//! What happens to the files of a member that is down.

use braid_storage::ids::{CoreId, SegmentId};

use super::{Disk, SECTOR_BYTES, Segment};
use crate::model::random::Random;

/// A kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A bit of something that was written is another one.
    BitRot,
    /// A sector lies in the place of another one.
    Misdirected,
    /// The end of one log is gone, although it was synced. Never of core 0's: what that holds
    /// beside revisions is noted nowhere else.
    LostTail,
}

impl Damage {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::BitRot, Self::Misdirected, Self::LostTail];
}

impl Disk {
    /// The disk after something has happened to it.
    #[must_use]
    pub fn damaged(mut self, damage: Damage, random: &mut Random) -> Self {
        let ids: Vec<SegmentId> = self.segments.keys().copied().collect();
        ids.iter().for_each(|id| self.sync(*id));
        match damage {
            _ if ids.is_empty() => {}
            Damage::BitRot => self.segment_mut(random.pick(&ids)).flip_a_bit(random),
            Damage::Misdirected => {
                let sector = self.segment_mut(random.pick(&ids)).any_sector(random);
                self.segment_mut(random.pick(&ids)).overwrite_any(&sector, random);
            }
            Damage::LostTail => {
                if let Some(tail) = self.tail() {
                    self.segment_mut(tail).lose_end(random);
                }
            }
        }
        self
    }

    /// The last segment of the last log that is not core 0's.
    fn tail(&self) -> Option<SegmentId> {
        let last = self.segments.values().map(|segment| segment.header.generation).max()?;
        let of_others = |segment: &&Segment| {
            let header = &segment.header;
            header.generation == last && header.core != CoreId(0) && segment.has_frames()
        };
        self.segments.values().filter(of_others).map(|segment| segment.header.id).max()
    }
}

impl Segment {
    fn has_frames(&self) -> bool {
        self.durable[self.header.block_bytes as usize..].iter().any(|byte| *byte != 0)
    }

    /// Sectors up to the last one that was written.
    fn sectors(&self) -> u64 {
        let last = self.durable.iter().rposition(|byte| *byte != 0);
        (last.unwrap_or(0) / SECTOR_BYTES + 1) as u64
    }

    fn flip_a_bit(&mut self, random: &mut Random) {
        let written = self.durable.iter().filter(|byte| **byte != 0).count() as u64;
        let chosen = random.below(written.max(1)) as usize;
        if let Some(byte) = self.durable.iter_mut().filter(|byte| **byte != 0).nth(chosen) {
            *byte ^= 1 << random.below(8);
        }
    }

    fn any_sector(&self, random: &mut Random) -> Vec<u8> {
        let at = random.below(self.sectors()) as usize * SECTOR_BYTES;
        self.durable[at..at + SECTOR_BYTES].to_vec()
    }

    fn overwrite_any(&mut self, sector: &[u8], random: &mut Random) {
        let at = random.below(self.sectors()) as usize * SECTOR_BYTES;
        self.durable[at..at + SECTOR_BYTES].copy_from_slice(sector);
    }

    fn lose_end(&mut self, random: &mut Random) {
        let first = u64::from(self.header.block_bytes) / SECTOR_BYTES as u64;
        let from = first + random.below((self.sectors() - first).max(1));
        self.durable[from as usize * SECTOR_BYTES..].fill(0);
    }
}
