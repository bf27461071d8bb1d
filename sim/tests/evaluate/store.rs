//! The smallest store that can serve the engine's rules: versions of keys in a map, some of them
//! "on disk".

use std::collections::BTreeMap;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::evaluate::footprint::{is_read_only, keys_and_intervals, leases_named};
use braid_core::evaluate::validate::{validate_delete, validate_put, validate_range, validate_txn};
use braid_core::evaluate::{
    Fetched, Plan, PlannedAction, PlannedChange, Snapshot, State, Stop, delete, put, range, txn,
};
use braid_core::ids::{LeaseId, Revision, SegmentId};
use braid_core::interval::Interval;
use braid_core::kv_list::KvMeta;
use braid_core::version::{ColdValue, Found, Location, StoredValue, View};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::fence::Fence;

/// A request asks for more values at most this often: once for each level of transactions.
const ROUNDS_MAX: usize = 6;

pub struct Store {
    keys: BTreeMap<Bytes, Vec<Version>>,
    disk: BTreeMap<Location, Bytes>,
    leases: BTreeMap<LeaseId, i64>,
    state: State,
    max_txn_ops: usize,
    random: Random,
    /// Values that were fetched so far.
    pub cold_reads: usize,
}

struct Version {
    revision: Revision,
    sub: u32,
    put: Option<Put>,
}

struct Put {
    meta: KvMeta,
    location: Location,
    value: Bytes,
    cold: bool,
}

impl Version {
    fn found(&self) -> Option<Found<'_>> {
        let put = self.put.as_ref()?;
        let value = StoredValue {
            location: put.location,
            len: put.value.len() as u32,
            crc: 0,
            bytes: (!put.cold).then_some(&put.value[..]),
        };
        Some(Found { meta: put.meta, sub: self.sub, value })
    }
}

impl View for Store {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.keys.get(key)?.last()?.found()
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        self.visit_at(interval, Revision(u64::MAX), visitor);
    }

    fn count(&self, interval: &Interval) -> u64 {
        self.count_at(interval, Revision(u64::MAX))
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        for (key, versions) in self.keys.iter().filter(|(key, _)| interval.contains(key)) {
            let version = versions.iter().rev().find(|version| version.revision <= at);
            if let Some(found) = version.and_then(Version::found)
                && !visitor(key, found)
            {
                return;
            }
        }
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        let mut count = 0;
        self.visit_at(interval, at, &mut |_, _| {
            count += 1;
            true
        });
        count
    }
}

impl Store {
    pub fn new(seed: u64, max_txn_ops: usize) -> Self {
        Self {
            keys: BTreeMap::new(),
            disk: BTreeMap::new(),
            leases: BTreeMap::new(),
            state: State { current: Revision::FRESH, readable: Revision::FRESH, compacted: -1 },
            max_txn_ops,
            random: Random::new(!seed),
            cold_reads: 0,
        }
    }

    pub fn revision(&self) -> u64 {
        self.state.current.0
    }

    /// Does a request by the engine's rules, fetching what it asks for.
    pub fn apply(&mut self, request: &Request) -> Result<Response, Error> {
        self.validate(request)?;
        let mut fetched = Fetched::new();
        for _ in 0..ROUNDS_MAX {
            match self.evaluate(request, &fetched) {
                Ok((changes, response)) => {
                    self.commit(changes);
                    return Ok(response);
                }
                Err(Stop::Error(error)) => return Err(error),
                Err(Stop::Cold(missing)) => self.fetch(&missing, &mut fetched),
            }
        }
        panic!("{request:#?} keeps asking for values");
    }

    fn validate(&self, request: &Request) -> Result<(), Error> {
        match request {
            Request::Range(range) => validate_range(range),
            Request::Put(put) => validate_put(put),
            Request::DeleteRange(delete) => validate_delete(delete),
            Request::Txn(txn) => validate_txn(txn, self.max_txn_ops),
            _ => Ok(()),
        }
    }

    fn fetch(&mut self, missing: &[ColdValue], fetched: &mut Fetched) {
        assert!(!missing.is_empty());
        for cold in missing {
            let value = self.disk[&cold.location].clone();
            assert_eq!(value.len(), cold.len as usize);
            fetched.insert(cold.location, value);
            self.cold_reads += 1;
        }
    }

    fn evaluate(
        &mut self,
        request: &Request,
        fetched: &Fetched,
    ) -> Result<(Vec<PlannedChange>, Response), Stop> {
        let next = self.state.current.next();
        match request {
            Request::Range(request) => {
                let snapshot = match self.random.one_in(2) {
                    true => Snapshot::Newest,
                    false => Snapshot::At(self.state.current),
                };
                let response = range::range(self, request, snapshot, &self.state, fetched)?;
                Ok((Vec::new(), Response::Range(response)))
            }
            Request::Put(request) => {
                let leases = |lease| self.leases.contains_key(&lease);
                let outcome = put::plan(self, request, &leases, fetched)?.execute(next);
                Ok((outcome.changes, Response::Put(outcome.response)))
            }
            Request::DeleteRange(request) => {
                let plan = delete::plan(self, request, fetched)?;
                let revision = if plan.changes() { next } else { self.state.current };
                let outcome = plan.execute(revision);
                Ok((outcome.changes, Response::DeleteRange(outcome.response)))
            }
            Request::Txn(_) => self.evaluate_txn(request, fetched),
            other => self.evaluate_lease(other).map_err(Stop::Error),
        }
    }

    fn evaluate_txn(
        &self,
        request: &Request,
        fetched: &Fetched,
    ) -> Result<(Vec<PlannedChange>, Response), Stop> {
        let Request::Txn(request) = request else { unreachable!() };
        let view = Fence { view: self, footprint: keys_and_intervals(request) };
        let named = leases_named(request);
        let leases = |lease| {
            assert!(named.contains(&lease), "{lease} was not announced");
            self.leases.contains_key(&lease)
        };
        match txn::plan(&view, request, &self.state, &leases, fetched)? {
            Plan::Answer(response) => Ok((Vec::new(), Response::Txn(response))),
            Plan::Write(write) => {
                assert!(!is_read_only(request));
                let outcome = write.execute(&view, self.state.current.next());
                assert!(!outcome.changes.is_empty());
                Ok((outcome.changes, Response::Txn(outcome.response)))
            }
        }
    }

    /// What the engine does elsewhere, in the shortest way.
    fn evaluate_lease(
        &mut self,
        request: &Request,
    ) -> Result<(Vec<PlannedChange>, Response), Error> {
        let revision = self.state.current;
        let nothing = Vec::new();
        match *request {
            Request::Compact(compact) => {
                self.compact(compact.revision)?;
                Ok((nothing, Response::Compact { revision }))
            }
            Request::LeaseGrant { ttl, .. } if ttl > 9_000_000_000 => Err(Error::LeaseTtlTooLarge),
            Request::LeaseGrant { lease, .. } if self.leases.contains_key(&lease) => {
                Err(Error::LeaseExists)
            }
            Request::LeaseGrant { lease, ttl } => {
                self.leases.insert(lease, ttl);
                Ok((nothing, Response::LeaseGrant { revision, lease, ttl }))
            }
            Request::LeaseRevoke { lease } => {
                self.leases.remove(&lease).ok_or(Error::LeaseNotFound)?;
                let changes = tombstones(self.attached(lease));
                let revision = if changes.is_empty() { revision } else { revision.next() };
                Ok((changes, Response::LeaseRevoke { revision }))
            }
            Request::LeaseKeepAlive { lease } => {
                let ttl = self.leases.get(&lease).copied().unwrap_or(0);
                Ok((nothing, Response::LeaseKeepAlive { revision, ttl }))
            }
            Request::LeaseTimeToLive { lease, keys } => {
                let ttl = self.leases.get(&lease).copied().unwrap_or(-1);
                let keys = if keys { self.attached(lease) } else { Vec::new() };
                let granted_ttl = ttl.max(0);
                Ok((nothing, Response::LeaseTimeToLive { revision, ttl, granted_ttl, keys }))
            }
            _ => unreachable!("never generated"),
        }
    }

    fn compact(&mut self, revision: i64) -> Result<(), Error> {
        if revision <= self.state.compacted {
            return Err(Error::Compacted);
        }
        if revision > self.state.current.0 as i64 {
            return Err(Error::FutureRevision);
        }
        self.state.compacted = revision;
        Ok(())
    }

    fn attached(&self, lease: LeaseId) -> Vec<Bytes> {
        let mut keys = Vec::new();
        self.visit(&Interval::everything(), &mut |key, found| {
            if found.meta.lease == lease {
                keys.push(Bytes::copy_from_slice(key));
            }
            true
        });
        keys
    }

    fn commit(&mut self, changes: Vec<PlannedChange>) {
        let Some(last) = changes.len().checked_sub(1) else { return };
        assert_eq!(changes[last].sub as usize, last, "sub-revisions are not dense");
        self.state.current = self.state.current.next();
        self.state.readable = self.state.current;
        for change in changes {
            let put = self.stored(&change.action);
            let version = Version { revision: self.state.current, sub: change.sub, put };
            self.keys.entry(change.key).or_default().push(version);
        }
    }

    fn stored(&mut self, action: &PlannedAction) -> Option<Put> {
        let PlannedAction::Put { create_revision, version, lease, value } = action else {
            return None;
        };
        let meta = KvMeta {
            create_revision: *create_revision,
            mod_revision: self.state.current,
            version: *version,
            lease: *lease,
        };
        let location = Location { segment: SegmentId(1), offset: self.disk.len() as u32 };
        self.disk.insert(location, value.clone());
        Some(Put { meta, location, value: value.clone(), cold: self.random.one_in(3) })
    }
}

fn tombstones(keys: Vec<Bytes>) -> Vec<PlannedChange> {
    let tombstone = |(sub, key)| PlannedChange { sub, key, action: PlannedAction::Delete };
    (0..).zip(keys).map(tombstone).collect()
}
