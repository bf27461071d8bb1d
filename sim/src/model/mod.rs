//! A plain model of etcd's key-value store: slow, without any cleverness, and so obviously right
//! that whatever disagrees with it is wrong.
//!
//! It keeps every change ever made in one list and answers each question by going through all of
//! it. It shares no code with the engine but the types of requests, answers and errors. It knows
//! no time: leases end only when they are revoked.

use std::collections::BTreeMap;

use braid_core::api::{
    CompactRequest, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, Request,
    Response,
};
use braid_core::error::Error;
use braid_core::ids::{LeaseId, Revision};
use braid_core::kv_list::{KvList, KvMeta};
use bytes::Bytes;

pub mod generate;
pub mod hazard;
pub mod random;

mod check;
mod range;
mod txn;

/// Lowest time to live that a lease is granted, in seconds: etcd's with its default timeouts.
const LEASE_TTL_MIN: i64 = 2;
const LEASE_TTL_MAX: i64 = 9_000_000_000;

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
type Keys = BTreeMap<Bytes, Pair>;

/// An etcd, as far as its clients can tell.
#[derive(Clone, Debug)]
pub struct Model {
    history: Vec<Event>,
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

    /// All keys right after `revision`: history told from its beginning.
    fn keys_at(&self, revision: u64) -> Keys {
        let mut keys = Keys::new();
        for event in self.history.iter().filter(|event| event.revision <= revision) {
            match &event.put {
                Some(pair) => keys.insert(event.key.clone(), pair.clone()),
                None => keys.remove(&event.key),
            };
        }
        keys
    }

    /// The newest keys, with what the write under way has changed already.
    fn keys(&self) -> Keys {
        self.keys_at(u64::MAX)
    }

    /// Whether the write under way has changed anything.
    fn dirty(&self) -> bool {
        self.history.last().is_some_and(|event| event.revision > self.revision)
    }

    /// The revision that an answer shows at this point of a write.
    fn shown_revision(&self) -> Revision {
        Revision(self.revision + u64::from(self.dirty()))
    }

    /// Ends a write: what it changed, if anything, becomes a revision.
    fn commit(&mut self) {
        self.revision += u64::from(self.dirty());
    }

    /// Ends a write as if it had never begun.
    fn roll_back(&mut self) {
        self.history.retain(|event| event.revision <= self.revision);
    }

    fn single_put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        self.check_put(request, &self.keys())?;
        let response = self.put(request)?;
        self.commit();
        Ok(response)
    }

    fn single_delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let response = self.delete(request);
        self.commit();
        response
    }

    fn check_put(&self, request: &PutRequest, keys: &Keys) -> Result<(), Error> {
        if request.lease.0 != 0 && !self.leases.contains_key(&request.lease.0) {
            return Err(Error::LeaseNotFound);
        }
        if (request.ignore_value || request.ignore_lease) && !keys.contains_key(&request.key) {
            return Err(Error::KeyNotFound);
        }
        Ok(())
    }

    fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        let revision = self.revision + 1;
        let previous = self.keys().remove(&request.key);
        if (request.ignore_value || request.ignore_lease) && previous.is_none() {
            return Err(Error::KeyNotFound);
        }
        let mut pair = Pair {
            create_revision: revision,
            mod_revision: revision,
            version: 1,
            lease: request.lease.0,
            value: request.value.clone(),
        };
        if let Some(previous) = &previous {
            pair.create_revision = previous.create_revision;
            pair.version = previous.version + 1;
            if request.ignore_value {
                pair.value = previous.value.clone();
            }
            if request.ignore_lease {
                pair.lease = previous.lease;
            }
        }
        let wanted = previous.filter(|_| request.prev_kv);
        let prev_kv = wanted.map(|pair| list([(&request.key, &pair)]));
        self.history.push(Event { revision, key: request.key.clone(), put: Some(pair) });
        Ok(PutResponse { revision: self.shown_revision(), prev_kv })
    }

    fn delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let mut keys = self.keys();
        keys.retain(|key, _| within(key, &request.key, &request.range_end));
        self.delete_keys(keys.keys());
        let prev_kvs = if request.prev_kv { list(&keys) } else { KvList::default() };
        let deleted = keys.len() as i64;
        DeleteRangeResponse { revision: self.shown_revision(), deleted, prev_kvs }
    }

    fn delete_keys<'a>(&mut self, keys: impl IntoIterator<Item = &'a Bytes>) {
        let revision = self.revision + 1;
        let tombstone = |key: &Bytes| Event { revision, key: key.clone(), put: None };
        self.history.extend(keys.into_iter().map(tombstone));
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

    fn lease_grant(&mut self, lease: LeaseId, ttl: i64) -> Result<Response, Error> {
        if ttl > LEASE_TTL_MAX {
            return Err(Error::LeaseTtlTooLarge);
        }
        if self.leases.contains_key(&lease.0) {
            return Err(Error::LeaseExists);
        }
        // etcd chooses at random: whoever compares must not look at a chosen id.
        let chosen = self.leases.keys().last().map_or(1, |last| last.max(&0) + 1);
        let lease = if lease.0 == 0 { LeaseId(chosen) } else { lease };
        let ttl = ttl.max(LEASE_TTL_MIN);
        self.leases.insert(lease.0, ttl);
        Ok(Response::LeaseGrant { revision: Revision(self.revision), lease, ttl })
    }

    fn lease_revoke(&mut self, lease: LeaseId) -> Result<Response, Error> {
        if self.leases.remove(&lease.0).is_none() {
            return Err(Error::LeaseNotFound);
        }
        self.delete_keys(&self.attached(lease));
        self.commit();
        Ok(Response::LeaseRevoke { revision: Revision(self.revision) })
    }

    fn lease_keep_alive(&self, lease: LeaseId) -> Response {
        let ttl = self.leases.get(&lease.0).copied().unwrap_or(0);
        Response::LeaseKeepAlive { revision: Revision(self.revision), ttl }
    }

    fn lease_time_to_live(&self, lease: LeaseId, keys: bool) -> Response {
        let granted = self.leases.get(&lease.0).copied();
        Response::LeaseTimeToLive {
            revision: Revision(self.revision),
            ttl: granted.unwrap_or(-1),
            granted_ttl: granted.unwrap_or(0),
            keys: if keys { self.attached(lease) } else { Vec::new() },
        }
    }

    /// In the order of ids: which ends first is a question of time.
    fn lease_leases(&self) -> Response {
        let leases = self.leases.keys().copied().map(LeaseId).collect();
        Response::LeaseLeases { revision: Revision(self.revision), leases }
    }

    /// The keys of a lease in order.
    fn attached(&self, lease: LeaseId) -> Vec<Bytes> {
        let mut keys = self.keys();
        keys.retain(|_, pair| pair.lease == lease.0 && lease.0 != 0);
        keys.into_keys().collect()
    }
}

/// Whether `key` lies in the interval that a request's `start` and `range_end` describe.
fn within(key: &[u8], start: &[u8], range_end: &[u8]) -> bool {
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
