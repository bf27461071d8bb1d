//! The plainest view there is: a list of all versions.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::evaluate::{Fetched, PlannedAction, PlannedChange, State};
use crate::ids::{LeaseId, Revision, SegmentId};
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::version::{ColdValue, Found, Location, StoredValue, View};

pub struct Store {
    versions: Vec<Version>,
    cold: BTreeSet<Bytes>,
    pub state: State,
    /// Keys shown to visitors so far.
    pub visited: Cell<usize>,
    /// Keys looked up so far.
    pub gets: Cell<usize>,
}

struct Version {
    key: Bytes,
    revision: Revision,
    sub: u32,
    put: Option<(KvMeta, Bytes)>,
}

impl Store {
    /// Empty, at revision 1.
    pub fn new() -> Self {
        Self {
            versions: Vec::new(),
            cold: BTreeSet::new(),
            state: State { current: Revision(1), readable: Revision(1), compacted: -1 },
            visited: Cell::new(0),
            gets: Cell::new(0),
        }
    }

    /// Each pair put by a write of its own, from revision 2 on.
    pub fn of(pairs: &[(&'static str, &'static str)]) -> Self {
        let mut store = Self::new();
        for (key, value) in pairs {
            store.put(key, value, 0);
        }
        store
    }

    pub fn put(&mut self, key: &'static str, value: &'static str, lease: i64) {
        let plan = crate::evaluate::put::plan(
            self,
            &crate::api::PutRequest { lease: LeaseId(lease), ..super::put(key, value) },
            &|_| true,
            &Fetched::new(),
        );
        let outcome = plan.unwrap().execute(self.state.current.next());
        self.commit(outcome.changes);
    }

    pub fn delete(&mut self, key: &'static str) {
        let key = Bytes::from(key);
        self.commit(vec![PlannedChange { sub: 0, key, action: PlannedAction::Delete }]);
    }

    pub fn commit(&mut self, changes: Vec<PlannedChange>) {
        let revision = self.state.current.next();
        (self.state.current, self.state.readable) = (revision, revision);
        for PlannedChange { sub, key, action } in changes {
            let put = match action {
                PlannedAction::Put { create_revision, version, lease, value } => Some((
                    KvMeta { create_revision, mod_revision: revision, version, lease },
                    value,
                )),
                PlannedAction::Delete => None,
            };
            self.versions.push(Version { key, revision, sub, put });
        }
    }

    /// The value of `key` is on disk only, at all revisions.
    pub fn chill(&mut self, key: &'static str) {
        self.cold.insert(Bytes::from(key));
    }

    /// What the disk has for `missing`.
    pub fn fetch(&self, missing: &[ColdValue]) -> Fetched {
        let value = |cold: &ColdValue| {
            let version = &self.versions[cold.location.offset as usize];
            (cold.location, version.put.as_ref().unwrap().1.clone())
        };
        missing.iter().map(value).collect()
    }

    fn found(&self, index: usize) -> Option<Found<'_>> {
        let Version { key, sub, put, .. } = &self.versions[index];
        let (meta, value) = put.as_ref()?;
        let value = StoredValue {
            location: Location { segment: SegmentId(1), offset: index as u32 },
            len: value.len() as u32,
            crc: 0,
            bytes: (!self.cold.contains(key)).then_some(&value[..]),
        };
        Some(Found { meta: *meta, sub: *sub, value })
    }

    fn live(&self, interval: &Interval, at: Revision) -> Vec<(&Bytes, Found<'_>)> {
        let mut newest = BTreeMap::new();
        for (index, version) in self.versions.iter().enumerate() {
            if version.revision <= at && interval.contains(&version.key) {
                newest.insert(&version.key, index);
            }
        }
        let live = |(key, index)| Some((key, self.found(index)?));
        newest.into_iter().filter_map(live).collect()
    }
}

impl View for Store {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.gets.set(self.gets.get() + 1);
        self.found(self.versions.iter().rposition(|version| version.key == key)?)
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
        for (key, found) in self.live(interval, at) {
            self.visited.set(self.visited.get() + 1);
            if !visitor(key, found) {
                return;
            }
        }
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        self.live(interval, at).len() as u64
    }
}
