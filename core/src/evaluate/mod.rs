//! The rules of etcd's requests: validation, ranges, writes, transactions.
//!
//! Everything here is a function of a request and a [`View`](crate::version::View) of the keys:
//! nothing is kept, changed or waited for, and nothing depends on how the keys are spread over
//! shards. A write is evaluated in two steps. *Planning* finds every reason to refuse it, whether
//! it changes anything, and which values must first come from disk. A plan that changes something
//! then gets its revision and is *executed* against the same view; that cannot fail, because a
//! revision that was taken must not be lost.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::error::Error;
use crate::ids::{LeaseId, Revision};
use crate::kv_list::KvMeta;
use crate::version::{ColdValue, Location};

pub mod cost;
pub mod delete;
pub mod footprint;
pub mod overlaid;
pub mod put;
pub mod range;
pub mod txn;
pub mod validate;

mod branch;
mod compare;
mod duplicates;

mod select;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use delete::DeletePlan;
pub use put::PutPlan;
pub use range::range;
pub use txn::{Plan, TxnWrite};

/// Values that were read from disk for a request, by where they lie.
pub type Fetched = BTreeMap<Location, Bytes>;

/// Which leases exist.
pub type Leases<'a> = &'a dyn Fn(LeaseId) -> bool;

/// What a request may know of the store beside its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The last revision that the request can see; the header of an answer that changes nothing.
    pub current: Revision,
    /// The last revision that can be read back by its number; what is in flight above it cannot.
    pub readable: Revision,
    /// The last compacted revision; -1 when there was none.
    pub compacted: i64,
}

impl State {
    /// Some core has forgotten what lies below `trimmed_to`, maybe before this one heard of it.
    pub fn compact(&mut self, trimmed_to: Revision) {
        if trimmed_to > Revision::default() {
            self.compacted = self.compacted.max(trimmed_to.0 as i64);
        }
    }
}

/// Which state of the keys a range without a revision of its own reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// The newest, writes in flight included.
    Newest,
    /// The one right after this revision.
    At(Revision),
}

/// Why a request cannot be evaluated (yet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is refused.
    Error(Error),
    /// It needs these values: fetch them, then evaluate it again.
    Cold(Vec<ColdValue>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A change of one key that an executed write makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    /// 0-based place among the write's changes (etcd's sub-revision).
    pub sub: u32,
    /// The key. One write may change a key more than once.
    pub key: Bytes,
    /// What happens to it.
    pub action: PlannedAction,
}

/// What a [`PlannedChange`] does to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlannedAction {
    /// The key has this version from now on.
    Put {
        /// Revision at which the key came into being.
        create_revision: Revision,
        /// Changes since then, this one included.
        version: u64,
        /// The lease that the key is attached to; 0 for none.
        lease: LeaseId,
        /// The value.
        value: Bytes,
    },
    /// The key is gone.
    Delete,
}

impl PlannedAction {
    /// Revisions, version and lease of the key after a change at `revision`; only the revision
    /// counts for a delete.
    #[must_use]
    pub fn meta(&self, revision: Revision) -> KvMeta {
        match *self {
            Self::Put { create_revision, version, lease, .. } => {
                KvMeta { create_revision, mod_revision: revision, version, lease }
            }
            Self::Delete => KvMeta { mod_revision: revision, ..KvMeta::default() },
        }
    }
}

impl PlannedChange {
    /// Bytes of key and value.
    #[must_use]
    pub fn size(&self) -> usize {
        let value = match &self.action {
            PlannedAction::Put { value, .. } => value.len(),
            PlannedAction::Delete => 0,
        };
        self.key.len() + value
    }
}

/// What an executed write did.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<R> {
    /// The changes in order.
    pub changes: Vec<PlannedChange>,
    /// The answer for the client.
    pub response: R,
}
