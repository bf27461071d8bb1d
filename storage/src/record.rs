//! What one write does: the outcome that the log holds and every member applies.
//!
//! How these types lie in the log is the format of an entry's payload (see [`crate::payload`]), and
//! golden bytes in the tests hold them to it. A change of any field is a new version of the payload,
//! never an edit.

#![allow(missing_docs, reason = "the derive leaves fields of its own types undocumented")]

use bytes::Bytes;
use rkyv::{Archive, Deserialize, Serialize};

use crate::ids::{Epoch, GroupId, LeaseId, Revision};

/// Everything that one raft entry of a shard's group carries: the records that were evaluated
/// together, in revision order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The reign in which the records were evaluated.
    pub epoch: Epoch,
    /// The watermark known when the batch was appended.
    pub watermark: Revision,
    /// The records, in revision order.
    pub records: Vec<Record>,
}

/// What one write does to one shard (or to the control group).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The write's place in history.
    pub revision: Revision,
    /// All groups that hold a part of this write, in ascending order; empty when this group is
    /// the only one.
    pub participants: Vec<GroupId>,
    /// This part's index among `parts`: a long record spans several entries of its group.
    pub part: u32,
    /// How many parts the record has in this group; at least 1.
    pub parts: u32,
    /// The changes, ordered by `sub`.
    pub changes: Vec<Change>,
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The change's 0-based place inside its write, over all shards (etcd's sub-revision).
    pub sub: u32,
    /// The key.
    pub key: Bytes,
    /// What happens to it.
    pub action: Action,
}

/// What a [`Change`] does to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The key has this version from now on.
    Put {
        /// Revision at which the key came into being.
        create_revision: Revision,
        /// Changes since then, this one included; at least 1.
        version: u64,
        /// The lease that the key is attached to; 0 for none.
        lease: LeaseId,
        /// Where the value lies.
        value: ValueSpan,
    },
    /// The key is gone.
    Delete,
    /// The lease ends (control group only; `key` is empty).
    RevokeLease(LeaseId),
}

/// Where a value lies among the values of its entry, which lie in the order of their changes, one
/// directly behind the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueSpan {
    /// Bytes of all values before it.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
    /// CRC-32C of the value's bytes.
    pub crc: u32,
}

impl ValueSpan {
    /// The span of `value`, lying `offset` bytes into the entry's value bytes.
    #[must_use]
    pub fn of(offset: u32, value: &[u8]) -> Self {
        Self { offset, len: value.len() as u32, crc: crc32c::crc32c(value) }
    }

    /// Whether `value` is what the span was made of, by length and checksum.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        value.len() == self.len as usize && crc32c::crc32c(value) == self.crc
    }

    /// The value inside its entry's value bytes; `None` when it does not lie in them.
    #[must_use]
    pub fn slice<'a>(&self, values: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.offset as usize;
        values.get(start..start.checked_add(self.len as usize)?)
    }
}

/// What an entry of the control group carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlEntry {
    /// A decision without a revision.
    Decision(Control),
    /// The control group's part in writes with a revision (the end of leases with keys).
    Records(Batch),
}

/// What the control group decides.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The cluster's unchangeable facts; the first entry of the control group.
    Genesis {
        /// etcd's cluster id.
        cluster: u64,
        /// How many shards the keyspace has, for ever.
        shards: u16,
        /// Seed of the hash that maps keys to shards.
        seed: u64,
    },
    /// A reign begins.
    Epoch {
        /// The reign.
        epoch: Epoch,
        /// Records of earlier reigns above this revision are void.
        base: Revision,
        /// The raft term of every group that the reign is bound to.
        terms: Vec<(GroupId, u64)>,
    },
    /// A lease begins.
    LeaseGrant {
        /// The lease.
        lease: LeaseId,
        /// Granted time to live in seconds.
        ttl: i64,
    },
    /// A lease without keys ends.
    LeaseRevoke {
        /// The lease.
        lease: LeaseId,
    },
    /// History below this revision may be forgotten.
    Compact {
        /// The first revision that stays readable.
        revision: Revision,
    },
}
