//! A plain model of etcd's key-value store: without any cleverness, and so obviously right that
//! whatever disagrees with it is wrong.
//!
//! It keeps every version of every key for ever, so the state at a revision is the last version up
//! to it. It shares no code with the engine but the types of requests, answers and errors. It
//! knows no time: leases end only when they are revoked.

use std::collections::BTreeMap;

use braid_core::api::{self, CompactRequest, Request, Response};
use braid_core::error::Error;
use braid_core::ids::{LeaseId, Revision};
use braid_core::kv_list::{KvList, KvMeta};
use bytes::Bytes;

pub mod generate;
pub mod hazard;
pub mod random;

mod check;
mod lease;
mod range;
mod store;
mod txn;
mod write;

/// One change of one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The write that made it.
    pub revision: u64,
    /// The key.
    pub key: Bytes,
    /// The pair from now on; none when the key was deleted.
    pub put: Option<Pair>,
}

impl From<&api::Event> for Event {
    /// From what a watcher is told.
    fn from(api::Event { deleted, kv, .. }: &api::Event) -> Self {
        let pair = Pair {
            create_revision: kv.create_revision.0,
            mod_revision: kv.mod_revision.0,
            version: kv.version,
            lease: kv.lease.0,
            value: kv.value.clone(),
        };
        Self { revision: kv.mod_revision.0, key: kv.key.clone(), put: (!deleted).then_some(pair) }
    }
}

/// A key's value with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Revision at which the key came into being.
    pub create_revision: u64,
    /// Revision of the last change.
    pub mod_revision: u64,
    /// Changes since the key came into being.
    pub version: u64,
    /// The lease; 0 for none.
    pub lease: i64,
    /// The value.
    pub value: Bytes,
}

/// All keys at one moment.
pub type Keys = BTreeMap<Bytes, Pair>;

/// An etcd, as far as its clients can tell.
#[derive(Clone, Debug)]
pub struct Model {
    history: Vec<Event>,
    /// What became of each key: places in `history`, oldest first.
    versions: BTreeMap<Bytes, Vec<usize>>,
    revision: u64,
    compacted: i64,
    leases: BTreeMap<i64, i64>,
    max_txn_ops: usize,
}

impl Model {
    /// A fresh store.
    #[must_use]
    pub fn new(max_txn_ops: usize) -> Self {
        Self {
            history: Vec::new(),
            versions: BTreeMap::new(),
            revision: 1,
            compacted: -1,
            leases: BTreeMap::new(),
            max_txn_ops,
        }
    }

    /// The current revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The last compacted revision; -1 when there was none.
    #[must_use]
    pub fn compacted(&self) -> i64 {
        self.compacted
    }

    /// Every change ever made, in order, compacted ones too.
    #[must_use]
    pub fn history(&self) -> &[Event] {
        &self.history
    }

    /// Answers a request.
    ///
    /// # Errors
    /// What etcd answers. The store is then as it was before.
    ///
    /// # Panics
    /// On requests that are about a member rather than its keys and leases, or about parts of an
    /// answer.
    pub fn apply(&mut self, request: &Request) -> Result<Response, Error> {
        check::request(request, self.max_txn_ops)?;
        match request {
            Request::Range(range) => self.range(range).map(Response::Range),
            Request::Put(put) => self.single_put(put).map(Response::Put),
            Request::DeleteRange(delete) => Ok(Response::DeleteRange(self.single_delete(delete))),
            Request::Txn(txn) => self.txn(txn).map(Response::Txn),
            Request::Compact(compact) => self.compact(compact),
            Request::LeaseGrant { lease, ttl } => self.lease_grant(*lease, *ttl),
            Request::LeaseRevoke { lease } => self.lease_revoke(*lease),
            Request::LeaseKeepAlive { lease } => Ok(self.lease_keep_alive(*lease)),
            Request::LeaseTimeToLive { lease, keys } => Ok(self.lease_time_to_live(*lease, *keys)),
            Request::LeaseLeases => Ok(self.lease_leases()),
            Request::RangeNext(_)
            | Request::RangeClose(_)
            | Request::HashKv { .. }
            | Request::Status => panic!("the model does not know {request:?}"),
        }
    }

    fn compact(&mut self, request: &CompactRequest) -> Result<Response, Error> {
        if request.revision <= self.compacted {
            return Err(Error::Compacted);
        }
        if request.revision > self.revision as i64 {
            return Err(Error::FutureRevision);
        }
        self.compacted = request.revision;
        Ok(Response::Compact { revision: Revision(self.revision) })
    }
}

/// Whether `key` lies in the interval that a request's `start` and `range_end` describe.
#[must_use]
pub fn within(key: &[u8], start: &[u8], range_end: &[u8]) -> bool {
    if range_end.is_empty() {
        return key == start;
    }
    key >= start && (range_end == b"\0" || key < range_end)
}

fn list<'a>(pairs: impl IntoIterator<Item = (&'a Bytes, &'a Pair)>) -> KvList {
    let mut list = KvList::default();
    for (key, pair) in pairs {
        let meta = KvMeta {
            create_revision: Revision(pair.create_revision),
            mod_revision: Revision(pair.mod_revision),
            version: pair.version,
            lease: LeaseId(pair.lease),
        };
        list.push(key, &pair.value, meta);
    }
    list
}
