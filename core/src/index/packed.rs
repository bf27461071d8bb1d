//! One version of a key in as few bytes as it takes.
//!
//! Millions of versions stay in memory for ever, so each number has the bytes that it needs and
//! none for alignment:
//!
//! ```text
//! revision 7 | sub 4 | create 7 | version 6 | lease 4 | segment 4 | offset 4 | len 4 | crc 4 | slot 4
//! ```
//!
//! `lease` and `segment` are numbers of [`super::numbers`], `slot` one of [`super::values`] or
//! [`NONE`]. A version of 0 marks a tombstone.

use braid_storage::ids::Revision;

use super::slab::NONE;

/// Bytes of a packed version.
pub(super) const PACKED: usize = 48;

const SUB: usize = 7;
const CREATE: usize = 11;
const VERSION: usize = 18;
const LEASE: usize = 24;
const SEGMENT: usize = 28;
const OFFSET: usize = 32;
const LEN: usize = 36;
const CRC: usize = 40;
const SLOT: usize = 44;

/// A version or tombstone, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed(pub(super) [u8; PACKED]);

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
    /// The number of the segment that holds the value, and the value's offset there.
    pub(super) segment: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
    pub(super) crc: u32,
}

/// 2^56 revisions and 2^48 changes of one key take centuries to make.
const REVISIONS: u64 = 1 << 56;
const VERSIONS: u64 = 1 << 48;

impl Packed {
    /// Whether a version (by create revision and version) or tombstone has room for its numbers.
    pub(super) fn fits(stamp: Stamp, live: Option<(Revision, u64)>) -> bool {
        let fits = |(created, version): (Revision, u64)| {
            created.0 < REVISIONS && (1..VERSIONS).contains(&version)
        };
        stamp.revision.0 < REVISIONS && live.is_none_or(fits)
    }

    /// A version. Its value is not in memory yet.
    pub(super) fn live(stamp: Stamp, body: Body) -> Self {
        let mut packed = Self::tombstone(stamp);
        packed.write::<7>(CREATE, body.create_revision.0);
        packed.write::<6>(VERSION, body.version);
        packed.write::<4>(LEASE, body.lease.into());
        packed.write::<4>(SEGMENT, body.segment.into());
        packed.write::<4>(OFFSET, body.offset.into());
        packed.write::<4>(LEN, body.len.into());
        packed.write::<4>(CRC, body.crc.into());
        packed
    }

    /// The mark that the key is gone.
    pub(super) fn tombstone(stamp: Stamp) -> Self {
        let mut packed = Self([0; PACKED]);
        packed.write::<7>(0, stamp.revision.0);
        packed.write::<4>(SUB, stamp.sub.into());
        packed.set_slot(NONE);
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
        self.read::<6>(VERSION)
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

    /// Where in its segment the value lies.
    pub(super) fn offset(&self) -> u32 {
        self.read::<4>(OFFSET) as u32
    }

    pub(super) fn crc(&self) -> u32 {
        self.read::<4>(CRC) as u32
    }

    /// Where the value lies in memory, or [`NONE`].
    pub(super) fn slot(&self) -> u32 {
        self.read::<4>(SLOT) as u32
    }

    pub(super) fn set_slot(&mut self, slot: u32) {
        self.write::<4>(SLOT, slot.into());
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
            version: (1 << 48) - 1,
            lease: u32::MAX,
            segment: u32::MAX - 1,
            offset: u32::MAX - 2,
            len: u32::MAX - 3,
            crc: u32::MAX - 4,
        };
        let packed = Packed::live(stamp, body);
        assert_eq!((packed.stamp(), packed.create_revision()), (stamp, body.create_revision));
        assert_eq!((packed.version(), packed.lease()), (body.version, body.lease));
        assert_eq!((packed.segment(), packed.offset()), (body.segment, body.offset));
        assert_eq!((packed.value_len(), packed.crc()), (body.len, body.crc));
        assert_eq!(packed.slot(), NONE);
        assert!(packed.is_live() && !Packed::tombstone(stamp).is_live());
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn a_revision_out_of_bounds_is_refused() {
        Packed::tombstone(Stamp { revision: Revision(1 << 56), sub: 0 });
    }
}
