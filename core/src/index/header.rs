//! What stands before the key in a record: the newest version in 32 bytes, as nearly all of them fit.
//!
//! ```text
//! word 0   revision 48 | segment 16
//! word 1   age 32 | crc 32                  of a tombstone: sub 32
//! word 2   place 32 | history 32
//! word 3   version 24 | len 16 | lease 14 | sub 6 | padding 2 | in memory 1 | wide 1
//! ```
//!
//! The *age* is how many revisions the create revision lies before the version's own. A version whose
//! numbers are larger lies elsewhere, whole ([`Header::wide`]): a few versions are, of keys that
//! changed millions of times or have large values, for which some bytes more are nothing.

use braid_storage::ids::Revision;

use super::packed::{Body, Packed, Place, Stamp};

/// Bytes of a header.
pub(super) const HEADER: usize = 32;

/// A field: the word it is in, its lowest bit there and how many it has.
type Field = (usize, u32, u32);

const REVISION: Field = (0, 0, 48);
const SEGMENT: Field = (0, 48, 16);
const AGE: Field = (1, 0, 32);
const CRC: Field = (1, 32, 32);
const PLACE: Field = (2, 0, 32);
const HISTORY: Field = (2, 32, 32);
const VERSION: Field = (3, 0, 24);
const LEN: Field = (3, 24, 16);
const LEASE: Field = (3, 40, 14);
const SUB: Field = (3, 54, 6);
const PADDING: Field = (3, 60, 2);
const IN_MEMORY: Field = (3, 62, 1);
const WIDE: Field = (3, 63, 1);

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header([u64; 4]);

impl Header {
    pub(super) fn new(padding: usize, history: u32) -> Self {
        Self([0; 4]).with(PADDING, padding as u64).with(HISTORY, history.into())
    }

    pub(super) fn read(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|n| u64::from_le_bytes(words[n])))
    }

    pub(super) fn write(&self, bytes: &mut [u8]) {
        let (words, _) = bytes.as_chunks_mut::<8>();
        words.iter_mut().zip(self.0).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    }

    /// Bytes of the record behind its key.
    pub(super) fn padding(&self) -> usize {
        self.get(PADDING) as usize
    }

    pub(super) fn history(&self) -> u32 {
        self.get(HISTORY) as u32
    }

    pub(super) fn with_history(self, history: u32) -> Self {
        self.with(HISTORY, history.into())
    }

    /// The number under which the version lies elsewhere, if it does.
    pub(super) fn wide(&self) -> Option<u32> {
        (self.get(WIDE) == 1).then(|| self.get(PLACE) as u32)
    }

    pub(super) fn with_wide(self, number: u32) -> Self {
        self.with(WIDE, 1).with(PLACE, number.into())
    }

    /// The version, which must not lie elsewhere.
    pub(super) fn version(&self) -> Packed {
        let revision = Revision(self.get(REVISION));
        if self.get(VERSION) == 0 {
            return Packed::tombstone(Stamp { revision, sub: self.get(AGE) as u32 });
        }
        let body = Body {
            create_revision: Revision(revision.0 - self.get(AGE)),
            version: self.get(VERSION),
            lease: self.get(LEASE) as u32,
            segment: self.get(SEGMENT) as u32,
            place: self.place(),
            len: self.get(LEN) as u32,
            crc: self.get(CRC) as u32,
        };
        Packed::live(Stamp { revision, sub: self.get(SUB) as u32 }, body)
    }

    fn place(&self) -> Place {
        let place = self.get(PLACE) as u32;
        if self.get(IN_MEMORY) == 1 { Place::Memory(place) } else { Place::Disk(place) }
    }

    /// With this version; none when it does not fit.
    pub(super) fn with_version(self, version: &Packed) -> Option<Self> {
        let Stamp { revision, sub } = version.stamp();
        let header = Self::new(self.padding(), self.history()).fitting(REVISION, revision.0)?;
        if !version.is_live() {
            return Some(header.with(AGE, sub.into()));
        }
        let header = header
            .fitting(AGE, revision.0.checked_sub(version.create_revision().0)?)?
            .fitting(VERSION, version.version())?
            .fitting(SUB, sub.into())?
            .fitting(LEASE, version.lease().into())?
            .fitting(SEGMENT, version.segment().into())?
            .fitting(LEN, version.value_len().into())?
            .with(CRC, version.crc().into());
        Some(match version.place() {
            Place::Memory(slot) => header.with(PLACE, slot.into()).with(IN_MEMORY, 1),
            Place::Disk(offset) => header.with(PLACE, offset.into()),
        })
    }

    fn get(&self, (word, lowest, bits): Field) -> u64 {
        self.0[word] >> lowest & ones(bits)
    }

    /// The number must fit.
    fn with(mut self, (word, lowest, bits): Field, number: u64) -> Self {
        debug_assert!(number <= ones(bits), "{number} does not fit {bits} bits");
        self.0[word] = self.0[word] & !(ones(bits) << lowest) | number << lowest;
        self
    }

    fn fitting(self, field: Field, number: u64) -> Option<Self> {
        (number <= ones(field.2)).then(|| self.with(field, number))
    }
}

const fn ones(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: Body = Body {
        create_revision: Revision((1 << 48) - 1 - u32::MAX as u64),
        version: (1 << 24) - 1,
        lease: (1 << 14) - 1,
        segment: u16::MAX as u32,
        place: Place::Disk(u32::MAX),
        len: u16::MAX as u32,
        crc: u32::MAX,
    };
    const STAMP: Stamp = Stamp { revision: Revision((1 << 48) - 1), sub: 63 };

    fn with(version: Packed) -> Option<Header> {
        Header::new(3, 77).with_version(&version)
    }

    #[test]
    fn the_largest_numbers_that_fit_come_back() {
        let in_memory = Body { place: Place::Memory(u32::MAX - 1), ..LARGEST };
        let tombstone = Packed::tombstone(Stamp { sub: u32::MAX, ..STAMP });
        for version in [Packed::live(STAMP, LARGEST), Packed::live(STAMP, in_memory), tombstone] {
            let mut bytes = [0; HEADER];
            with(version).unwrap().write(&mut bytes);
            let header = Header::read(&bytes);
            assert_eq!((header.version(), header.wide()), (version, None));
            assert_eq!((header.padding(), header.history()), (3, 77));
        }
    }

    #[test]
    fn larger_numbers_do_not_fit() {
        let next = |revision: Revision| Revision(revision.0 + 1);
        let previous = |revision: Revision| Revision(revision.0 - 1);
        let bodies = [
            Body { create_revision: previous(LARGEST.create_revision), ..LARGEST },
            Body { create_revision: next(STAMP.revision), ..LARGEST },
            Body { version: LARGEST.version + 1, ..LARGEST },
            Body { lease: LARGEST.lease + 1, ..LARGEST },
            Body { segment: LARGEST.segment + 1, ..LARGEST },
            Body { len: LARGEST.len + 1, ..LARGEST },
        ];
        assert!(bodies.iter().all(|body| with(Packed::live(STAMP, *body)).is_none()));
        let later = Stamp { revision: next(STAMP.revision), sub: 0 };
        assert_eq!(with(Packed::tombstone(later)), None);
        assert_eq!(with(Packed::live(Stamp { sub: 64, ..STAMP }, LARGEST)), None);
    }

    #[test]
    fn a_version_that_lies_elsewhere_leaves_the_rest() {
        let header = with(Packed::live(STAMP, LARGEST)).unwrap().with_wide(u32::MAX);
        assert_eq!((header.wide(), header.padding(), header.history()), (Some(u32::MAX), 3, 77));
        let fitting = header.with_version(&Packed::live(STAMP, LARGEST)).unwrap();
        assert_eq!(fitting.wide(), None);
    }
}
