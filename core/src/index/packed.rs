//! One version of a key in as few bytes as any takes.
//!
//! Millions of versions stay in memory for ever, so each number has the bytes that it needs and
//! none for alignment:
//!
//! ```text
//! revision 7 | sub 4 | create 7 | version 6 | lease 4 | segment 4 | place 4 | len 4 | crc 4
//! ```
//!
//! `lease` and `segment` are numbers of [`super::numbers`]. `place` is the value's offset in its
//! segment or, with the highest bit of `version` set, its slot in [`super::values`], which then
//! knows the offset. A version of 0 marks a tombstone.

use braid_storage::ids::Revision;

/// Bytes of a packed version.
const PACKED: usize = 44;

const SUB: usize = 7;
const CREATE: usize = 11;
const VERSION: usize = 18;
const LEASE: usize = 24;
const SEGMENT: usize = 28;
const PLACE: usize = 32;
const LEN: usize = 36;
const CRC: usize = 40;

/// A version or tombstone, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed([u8; PACKED]);

/// A change's place in the order of all changes of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) revision: Revision,
    pub(super) sub: u32,
}

/// What a version is made of, beside its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) create_revision: Revision,
    pub(super) version: u64,
    /// The number of its lease.
    pub(super) lease: u32,
    /// The number of the segment that holds the value.
    pub(super) segment: u32,
    pub(super) place: Place,
    pub(super) len: u32,
    pub(super) crc: u32,
}

/// Where a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this offset of its segment.
    Disk(u32),
    /// In this slot of the values in memory, which know the offset.
    Memory(u32),
}

/// 2^56 revisions and 2^47 changes of one key take centuries to make.
const REVISIONS: u64 = 1 << 56;
const VERSIONS: u64 = 1 << 47;
/// In the version's field: the value is in memory.
const IN_MEMORY: u64 = VERSIONS;

impl Packed {
    /// Whether a version (by create revision and version) or tombstone has room for its numbers.
    pub(super) fn fits(stamp: Stamp, live: Option<(Revision, u64)>) -> bool {
        let fits = |(created, version): (Revision, u64)| {
            created.0 < REVISIONS && (1..VERSIONS).contains(&version)
        };
        stamp.revision.0 < REVISIONS && live.is_none_or(fits)
    }

    /// A version.
    pub(super) fn live(stamp: Stamp, body: Body) -> Self {
        let mut packed = Self::tombstone(stamp);
        packed.write::<7>(CREATE, body.create_revision.0);
        packed.write::<6>(VERSION, body.version);
        packed.write::<4>(LEASE, body.lease.into());
        packed.write::<4>(SEGMENT, body.segment.into());
        packed.write::<4>(LEN, body.len.into());
        packed.write::<4>(CRC, body.crc.into());
        packed.set_place(body.place);
        packed
    }

    /// The mark that the key is gone.
    pub(super) fn tombstone(stamp: Stamp) -> Self {
        let mut packed = Self([0; PACKED]);
        packed.write::<7>(0, stamp.revision.0);
        packed.write::<4>(SUB, stamp.sub.into());
        packed
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp { revision: self.revision(), sub: self.read::<4>(SUB) as u32 }
    }

    pub(super) fn revision(&self) -> Revision {
        Revision(self.read::<7>(0))
    }

    pub(super) fn is_live(&self) -> bool {
        self.version() != 0
    }

    pub(super) fn create_revision(&self) -> Revision {
        Revision(self.read::<7>(CREATE))
    }

    pub(super) fn version(&self) -> u64 {
        self.read::<6>(VERSION) & !IN_MEMORY
    }

    pub(super) fn lease(&self) -> u32 {
        self.read::<4>(LEASE) as u32
    }

    /// Length of the value; 0 for a tombstone.
    pub(super) fn value_len(&self) -> u32 {
        self.read::<4>(LEN) as u32
    }

    /// The number of the segment that holds the value.
    pub(super) fn segment(&self) -> u32 {
        self.read::<4>(SEGMENT) as u32
    }

    pub(super) fn crc(&self) -> u32 {
        self.read::<4>(CRC) as u32
    }

    /// Where the value is read; anywhere for a tombstone.
    pub(super) fn place(&self) -> Place {
        let place = self.read::<4>(PLACE) as u32;
        match self.read::<6>(VERSION) & IN_MEMORY {
            0 => Place::Disk(place),
            _ => Place::Memory(place),
        }
    }

    /// Where the value lies in memory, if it does.
    pub(super) fn slot(&self) -> Option<u32> {
        match self.place() {
            Place::Memory(slot) => Some(slot),
            Place::Disk(_) => None,
        }
    }

    pub(super) fn set_place(&mut self, place: Place) {
        let (in_memory, place) = match place {
            Place::Disk(offset) => (0, offset),
            Place::Memory(slot) => (IN_MEMORY, slot),
        };
        self.write::<6>(VERSION, self.version() | in_memory);
        self.write::<4>(PLACE, place.into());
    }

    fn read<const N: usize>(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(&self.0[at..at + N]);
        u64::from_le_bytes(bytes)
    }

    fn write<const N: usize>(&mut self, at: usize, number: u64) {
        assert!(number < 1 << (8 * N), "{number} does not fit the {N} bytes the index has for it");
        self.0[at..at + N].copy_from_slice(&number.to_le_bytes()[..N]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_numbers_come_back() {
        let stamp = Stamp { revision: Revision((1 << 56) - 1), sub: u32::MAX };
        let body = Body {
            create_revision: Revision((1 << 56) - 2),
            version: (1 << 47) - 1,
            lease: u32::MAX,
            segment: u32::MAX - 1,
            place: Place::Disk(u32::MAX - 2),
            len: u32::MAX - 3,
            crc: u32::MAX - 4,
        };
        let packed = Packed::live(stamp, body);
        assert_eq!((packed.stamp(), packed.create_revision()), (stamp, body.create_revision));
        assert_eq!((packed.version(), packed.lease()), (body.version, body.lease));
        assert_eq!((packed.segment(), packed.place()), (body.segment, body.place));
        assert_eq!((packed.value_len(), packed.crc()), (body.len, body.crc));
        assert!(packed.is_live() && !Packed::tombstone(stamp).is_live());
        let mut moved = packed;
        moved.set_place(Place::Memory(u32::MAX));
        assert_eq!((moved.slot(), moved.version()), (Some(u32::MAX), body.version));
        moved.set_place(body.place);
        assert_eq!(moved, packed);
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn a_revision_out_of_bounds_is_refused() {
        Packed::tombstone(Stamp { revision: Revision(1 << 56), sub: 0 });
    }
}
