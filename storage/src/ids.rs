//! Identifiers that the log, the engine and the front-ends share.
//!
//! Each is a type of its own, so that no two of them can be swapped by accident.

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A position in the one history of the cluster. A fresh store is at revision 1; the first
    /// change gets 2. 0 means "none".
    Revision(u64)
}
id! {
    /// A Raft group. Shard `n` is group `n`; [`GroupId::CONTROL`] is the control group.
    GroupId(u16)
}
id! {
    /// A leader's reign: one decision in the control group. The first reign is 1.
    Epoch(u64)
}
id! {
    /// A processor of a member: one pinned executor with one log.
    CoreId(u16)
}
id! {
    /// A lease, as etcd's clients name it. 0 means "no lease".
    LeaseId(i64)
}
id! {
    /// A start of a member. Logs of a later generation follow those of every earlier one.
    Generation(u64)
}
id! {
    /// A cluster, as etcd's clients see it.
    ClusterId(u64)
}
id! {
    /// A member of the cluster, as etcd's clients see it.
    MemberId(u64)
}
id! {
    /// A segment file of a member, unique for the life of the data directory and never reused,
    /// not even when the file itself is recycled.
    SegmentId(u64)
}

impl Revision {
    /// The revision of a store that nothing was written to.
    pub const FRESH: Self = Self(1);

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The revision before this one, or "none".
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl GroupId {
    /// The group that holds membership, epochs, leases and settings.
    pub const CONTROL: Self = Self(u16::MAX);
}

impl SegmentId {
    /// Bits of the id that hold the segment's place in its log.
    const ORDINAL_BITS: u32 = 26;
    /// Bits of the id that hold the log's core.
    const CORE_BITS: u32 = 10;

    /// The id of the segment that is number `ordinal` in the log of `core` in `generation`, made
    /// of those three, so that cores never have to agree on the next one. `None` when one of them
    /// is beyond its bits: 28 for the generation, 10 for the core, 26 for the ordinal.
    #[must_use]
    pub fn compose(generation: Generation, core: CoreId, ordinal: u32) -> Option<Self> {
        let fits = generation.0 >> (64 - Self::CORE_BITS - Self::ORDINAL_BITS) == 0
            && core.0 >> Self::CORE_BITS == 0
            && ordinal >> Self::ORDINAL_BITS == 0;
        let high = generation.0 << Self::CORE_BITS | u64::from(core.0);
        fits.then_some(Self(high << Self::ORDINAL_BITS | u64::from(ordinal)))
    }

    /// The start of the member that made the segment.
    #[must_use]
    pub const fn generation(self) -> Generation {
        Generation(self.0 >> (Self::CORE_BITS + Self::ORDINAL_BITS))
    }

    /// Whether both are segments of one core's log of one generation.
    #[must_use]
    pub const fn is_same_log(self, other: Self) -> bool {
        self.0 >> Self::ORDINAL_BITS == other.0 >> Self::ORDINAL_BITS
    }

    /// The name of the segment's file in the data directory.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{:016x}.log", self.0)
    }

    /// The segment whose file has this name; `None` when it is no segment's.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let id = Self(u64::from_str_radix(name.strip_suffix(".log")?, 16).ok()?);
        (id.file_name() == name).then_some(id)
    }
}

/// Where bytes lie on disk. No two values ever share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The segment file.
    pub segment: SegmentId,
    /// Byte offset in it.
    pub offset: u32,
}

impl Location {
    /// The location `bytes` further on in the same segment.
    #[must_use]
    pub const fn plus(self, bytes: u32) -> Self {
        Self { segment: self.segment, offset: self.offset + bytes }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.segment.file_name(), self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_ids_sort_in_log_order() {
        let places = [(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1023, 9), (2, 0, 0)];
        let ids = places.map(|(generation, core, ordinal)| {
            SegmentId::compose(Generation(generation), CoreId(core), ordinal).unwrap()
        });
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert_eq!(ids[0].file_name(), "0000001000000000.log");
        assert_eq!(ids.map(|id| id.generation().0), [1, 1, 1, 1, 2]);
        let same_log = ids.windows(2).map(|pair| pair[0].is_same_log(pair[1]));
        assert_eq!(same_log.collect::<Vec<_>>(), [true, false, false, false]);
    }

    #[test]
    fn segment_ids_have_bounds() {
        let compose = |generation, core, ordinal| {
            SegmentId::compose(Generation(generation), CoreId(core), ordinal)
        };
        let largest = compose((1 << 28) - 1, (1 << 10) - 1, (1 << 26) - 1);
        assert_eq!(largest, Some(SegmentId(u64::MAX)));
        assert_eq!(compose(1 << 28, 0, 0), None);
        assert_eq!(compose(0, 1 << 10, 0), None);
        assert_eq!(compose(0, 0, 1 << 26), None);
    }

    #[test]
    fn only_a_segments_own_name_is_one() {
        let id = SegmentId(0x10_0000_abcd);
        assert_eq!(SegmentId::from_file_name(&id.file_name()), Some(id));
        for name in ["", ".log", "member", "10.log", "000000100000ABCD.log", "+00000100000abcd.log"]
        {
            assert_eq!(SegmentId::from_file_name(name), None, "{name}");
        }
    }
}
