//! Identifiers that the log, the engine and the front-ends share.
//!
//! Each is a type of its own, so that no two of them can be swapped by accident.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
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
