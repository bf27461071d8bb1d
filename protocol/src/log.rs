//! A group as an atomic log.
//!
//! Entries up to `committed` are there for ever. What lies behind them is the *tail*: whether it
//! survives a change of leader is open until the next leader's barrier is committed. That covers
//! entries that reached no other member as well as those that come back with a later leader.

use braid_core::epoch::{Decision, Decisions};
use braid_core::ids::{Epoch, GroupId, Revision};

/// The control group and up to three shards.
pub const GROUPS_MAX: usize = 4;

/// A small number for each group.
pub type PerGroup = [u8; GROUPS_MAX];

/// A member of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(pub u8);

/// A group: 0 is the control group, the others belong to the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(pub u8);

impl Group {
    /// The group that holds decisions and leases.
    pub const CONTROL: Self = Self(0);

    /// Its place in an array by group.
    #[must_use]
    pub fn at(self) -> usize {
        usize::from(self.0)
    }

    /// What the engine calls it.
    #[must_use]
    pub fn id(self) -> GroupId {
        if self == Self::CONTROL { GroupId::CONTROL } else { GroupId(u16::from(self.0) - 1) }
    }
}

/// A set of groups: the participants of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Groups(pub u8);

impl Groups {
    /// Just this one.
    #[must_use]
    pub fn one(group: Group) -> Self {
        Self(1 << group.0)
    }

    /// Whether the group is one of them.
    #[must_use]
    pub fn has(self, group: Group) -> bool {
        self.0 & 1 << group.0 != 0
    }

    /// All of them, the control group first.
    pub fn iter(self) -> impl Iterator<Item = Group> {
        (0..GROUPS_MAX as u8).map(Group).filter(move |group| self.has(*group))
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What one write does, as each of its participants holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// The reign in which it was sequenced.
    pub epoch: Epoch,
    /// Its place in history.
    pub revision: Revision,
    /// Every group that must hold a part.
    pub parts: Groups,
    /// What it does.
    pub change: Change,
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Something that the model does not look into.
    Put,
    /// Attaches a key to the lease.
    Attach,
    /// Ends the lease and all keys attached to it.
    Revoke {
        /// Whether a client was promised more time.
        early: bool,
    },
}

/// An entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A part of a record, with the watermark that was known when it was appended.
    Record(Record, Revision),
    /// Control group: a reign begins, bound to the terms of all groups.
    Decision(Epoch, Revision, PerGroup),
    /// Control group: a change of settings.
    Setting,
    /// Control group: a lease without keys ends.
    LeaseEnd {
        /// Whether a client was promised more time.
        early: bool,
    },
}

/// The log of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    /// The current term.
    pub term: u8,
    /// Who won it.
    pub leader: Member,
    /// All entries, the tail included. Barriers are left out: they carry nothing.
    pub entries: Vec<Entry>,
    /// How many of them are committed.
    pub committed: u8,
}

impl Log {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u8 {
        self.entries.len() as u8
    }

    /// Whether nothing was ever appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The length of the tail.
    #[must_use]
    pub fn tail(&self) -> u8 {
        self.len() - self.committed
    }

    /// A new leader has won the next term and committed its barrier behind `kept` entries of the
    /// tail.
    pub fn take_over(&mut self, leader: Member, kept: u8) {
        self.entries.truncate(usize::from(self.committed + kept));
        self.committed = self.len();
        self.elect(leader);
    }

    /// A new leader has won the next term; the tail stays open.
    pub fn elect(&mut self, leader: Member) {
        self.term += 1;
        self.leader = leader;
    }

    /// The first `known` entries.
    #[must_use]
    pub fn prefix(&self, known: u8) -> &[Entry] {
        &self.entries[..usize::from(known)]
    }
}

/// The records among some entries.
pub fn records(entries: &[Entry]) -> impl Iterator<Item = Record> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Record(record, _) => Some(*record),
        Entry::Decision(..) | Entry::LeaseEnd { .. } | Entry::Setting => None,
    })
}

/// The decisions among some entries of the control group.
#[must_use]
pub fn decisions(entries: &[Entry]) -> Decisions {
    let mut decided = Decisions::default();
    for entry in entries {
        if let Entry::Decision(epoch, base, _) = *entry {
            decided.push(Decision { epoch, base });
        }
    }
    decided
}
