//! An index and the model side by side: every step is done to both, every check compares them.

use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;
use proptest::prelude::*;

use super::model::{Body, Model, Version};
use crate::index::figures::VERSION_BYTES;
use crate::index::{ChangeRef, HashScope, Index};
use crate::interval::Interval;
use crate::version::Found;

const LATEST: Revision = Revision(1 << 40);

/// An index and the model that it must agree with.
pub struct Twin {
    pub index: Index,
    pub model: Model,
    pub revision: Revision,
    sub: u32,
    compaction_finished: bool,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// Key, value length, lease, whether the value stays in memory, whether it belongs to the
    /// write before.
    Put(Vec<u8>, usize, i64, bool, bool),
    Delete(Vec<u8>, bool),
    /// How far back, slice, number of slices.
    Compact(u64, usize, usize),
    Evict(usize, usize),
    Warm(Vec<u8>, u64),
    /// Interval and how far back.
    Check(Bytes, Bytes, u64),
}

impl Twin {
    pub fn new() -> Self {
        Self {
            index: Index::new(),
            model: Model::default(),
            revision: Revision::FRESH,
            sub: 0,
            compaction_finished: true,
        }
    }

    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Put(key, len, lease, resident, joined) => {
                self.advance(*joined);
                self.put(key, *len, LeaseId(*lease), *resident);
            }
            Step::Delete(key, joined) => self.delete(key, *joined),
            Step::Compact(back, budget, slices) => self.compact(*back, *budget, *slices),
            Step::Evict(target, budget) => self.evict(*target, *budget),
            Step::Warm(key, back) => self.warm(key, *back),
            Step::Check(key, end, back) => {
                self.check(&Interval::new(key.clone(), end.clone()), self.back(*back));
            }
        }
    }

    /// The next change belongs to the last write or to a new one.
    fn advance(&mut self, joined: bool) {
        if joined && self.revision > Revision::FRESH && self.revision > self.model.compacted {
            self.sub += 1;
        } else {
            self.revision = self.revision.next();
            self.sub = 0;
        }
    }

    /// A revision that is still readable.
    fn back(&self, back: u64) -> Revision {
        Revision(self.revision.0.saturating_sub(back)).max(self.model.compacted)
    }

    /// A write of its own whose value stays in memory.
    pub fn put_next(&mut self, key: &[u8], len: usize) {
        self.advance(false);
        self.put(key, len, LeaseId::default(), true);
    }

    fn put(&mut self, key: &[u8], len: usize, lease: LeaseId, resident: bool) {
        let before = self.model.at(key, LATEST).and_then(|version| version.body.as_ref());
        let body = Body {
            create_revision: before.map_or(self.revision, |body| body.create_revision),
            version: before.map_or(0, |body| body.version) + 1,
            lease,
            value: self.revision.0.to_be_bytes().into_iter().cycle().take(len).collect(),
        };
        let (revision, sub) = (self.revision, self.sub);
        let version = Version { key: key.to_vec(), revision, sub, body: Some(body) };
        if let Some(new) = version.new_version(resident) {
            self.index.put(key, revision, sub, new);
        }
        self.model.versions.push(version);
    }

    pub fn delete(&mut self, key: &[u8], joined: bool) {
        if self.model.at(key, LATEST).is_none() {
            return;
        }
        self.advance(joined);
        let (revision, sub) = (self.revision, self.sub);
        self.index.delete(key, revision, sub);
        self.model.versions.push(Version { key: key.to_vec(), revision, sub, body: None });
    }

    pub fn compact(&mut self, back: u64, budget: usize, slices: usize) {
        let revision = self.back(back);
        let mut dropped = 0;
        for _ in 0..slices {
            let progress = self.index.compact(revision, budget);
            // A change drops itself and the version before it at most.
            assert!(progress.dropped <= 2 * budget);
            dropped += progress.dropped;
            self.compaction_finished = progress.finished;
        }
        let held = self.model.versions.len();
        self.model.compact(revision);
        assert!(self.compaction_finished || dropped <= held);
        assert_eq!(self.index.trimmed_to(), self.model.compacted);
    }

    pub fn evict(&mut self, target: usize, budget: usize) {
        let before = self.index.resident_bytes();
        self.index.evict(target, budget);
        let after = self.index.resident_bytes();
        // Two rounds of the clock reach any target.
        assert!(after <= before && (budget < 10_000 || after <= target));
    }

    fn warm(&mut self, key: &[u8], back: u64) {
        let at = self.back(back);
        let Some(version) = self.model.at(key, at) else { return };
        let Some(body) = &version.body else { return };
        if at != version.revision {
            self.index.warm(key, at, &vec![0xee; body.value.len()]);
        }
        self.index.warm(key, version.revision, &body.value);
        let found = self.index.at(key, at).expect("the model has it");
        // Of two versions of one write only the later one can be named.
        assert!(found.value.bytes.is_some() || found.meta.mod_revision != version.revision);
    }

    fn check(&self, interval: &Interval, at: Revision) {
        self.check_reads(interval, at);
        self.check_changes(interval, at);
        let newest = self.model.visit(&Interval::everything(), LATEST);
        assert_eq!(self.index.len(), newest.len() as u64);
        if self.compaction_finished {
            let bytes = |v: &Version| v.key.len() + v.body.as_ref().map_or(0, |b| b.value.len());
            let held = self.model.versions.iter().map(|v| VERSION_BYTES + bytes(v) as u64);
            assert_eq!(self.index.held_bytes(), held.sum::<u64>());
        }
    }

    fn check_reads(&self, interval: &Interval, at: Revision) {
        let expected = self.model.visit(interval, at);
        same_pairs(&expected, self.index.range(interval, at));
        assert_eq!(self.index.count(interval, at), expected.len() as u64);
        let newest = self.model.visit(interval, LATEST);
        same_pairs(&newest, self.index.range_newest(interval));
        assert_eq!(self.index.count_newest(interval), newest.len() as u64);
        same(self.index.at(&interval.start, at), self.model.at(&interval.start, at));
        same(self.index.newest(&interval.start), self.model.at(&interval.start, LATEST));
    }

    fn check_changes(&self, interval: &Interval, from: Revision) {
        let compacted = self.model.compacted;
        self.index.changes(compacted, compacted, &mut |change| {
            assert_eq!(change.prev, None);
            true
        });
        // Until a compaction is finished, superseded changes at its revision may be there.
        let from = if self.compaction_finished { from } else { from.max(self.after_compacted()) };
        let to = Revision(self.revision.0.saturating_sub(3)).max(from);
        let all = self.model.changes(from, to);
        self.same_changes(&all, |visitor| self.index.changes(from, to, visitor));
        let inside: Vec<_> = all.into_iter().filter(|v| interval.contains(&v.key)).collect();
        self.same_changes(&inside, |visitor| self.index.changes_in(interval, from, to, visitor));
    }

    fn after_compacted(&self) -> Revision {
        self.model.compacted.next()
    }

    fn same_changes(
        &self,
        expected: &[&Version],
        changes: impl Fn(&mut dyn FnMut(ChangeRef<'_>) -> bool),
    ) {
        let mut rest = expected.iter();
        changes(&mut |change| {
            let version = rest.next().expect("the model has no such change");
            assert_eq!((change.revision, change.sub), (version.revision, version.sub));
            assert_eq!(change.key, version.key);
            same(change.found, version.body.is_some().then_some(*version));
            same(change.prev, self.model.prev(version));
            true
        });
        assert_eq!(rest.next(), None);
    }

    /// Finishes the compaction and compares all that is held.
    pub fn finish(&mut self) {
        let revision = self.model.compacted;
        while !self.index.compact(revision, 3).finished {}
        self.compaction_finished = true;
        let scope = HashScope { upto: LATEST, compacted: Revision(0), nothing_lives: false };
        let held: Vec<_> = self.index.records(scope);
        let expected: Vec<_> = self.model.versions.iter().collect();
        assert_eq!(held.len(), expected.len());
        for (id, version) in held.into_iter().zip(expected) {
            let record = self.index.record(id).expect("it was just named");
            assert_eq!((id.revision, id.sub), (version.revision, version.sub));
            assert_eq!(record.key, version.key);
            same(record.found, version.body.is_some().then_some(version));
        }
        self.check(&Interval::everything(), revision);
    }
}

fn same(found: Option<Found<'_>>, expected: Option<&Version>) {
    match (found, expected) {
        (Some(found), Some(version)) => assert!(version.is(found), "{found:?} is not {version:?}"),
        (found, expected) => {
            assert!(found.is_none() && expected.is_none(), "{found:?} {expected:?}")
        }
    }
}

fn same_pairs<'a>(expected: &[&Version], found: impl Iterator<Item = (&'a [u8], Found<'a>)>) {
    let mut rest = expected.iter();
    for (key, found) in found {
        let version = rest.next().expect("the model has no such key");
        assert_eq!(key, version.key);
        same(Some(found), Some(version));
    }
    assert_eq!(rest.next(), None);
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    let prefix = prop::sample::select(vec!["", "/registry/pods/", "/registry/pods/ns-1/pod-"]);
    (prefix, prop::collection::vec(prop::sample::select(vec![0u8, b'a', b'b', 255]), 1..4))
        .prop_map(|(prefix, tail)| [prefix.as_bytes(), &tail].concat())
}

fn end() -> impl Strategy<Value = Bytes> {
    prop_oneof![Just(Bytes::new()), Just(Bytes::from_static(b"\0")), key().prop_map(Bytes::from)]
}

pub fn step() -> impl Strategy<Value = Step> {
    let len = prop::sample::select(vec![0usize, 1, 5, 300]);
    let lease = prop::sample::select(vec![0i64, 0, 7, -3]);
    prop_oneof![
        12 => (key(), len, lease, any::<bool>(), prop::bool::weighted(0.3))
            .prop_map(|(key, len, lease, keep, joined)| Step::Put(key, len, lease, keep, joined)),
        6 => (key(), prop::bool::weighted(0.3)).prop_map(|(key, joined)| Step::Delete(key, joined)),
        1 => (0u64..40, 1usize..20, 1usize..6).prop_map(|(b, n, s)| Step::Compact(b, n, s)),
        1 => (0usize..4000, prop::sample::select(vec![1usize, 7, 10_000]))
            .prop_map(|(target, budget)| Step::Evict(target, budget)),
        2 => (key(), 0u64..20).prop_map(|(key, back)| Step::Warm(key, back)),
        2 => (key().prop_map(Bytes::from), end(), 0u64..60)
            .prop_map(|(key, end, back)| Step::Check(key, end, back)),
    ]
}
