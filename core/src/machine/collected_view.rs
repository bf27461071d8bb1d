//! The state of some keys, brought together from several cores so that one of them can evaluate.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use super::collect::{Collected, Need, Pair};
use crate::evaluate::{PlannedAction, PlannedChange};
use crate::interval::{End, Interval};
use crate::kv_list::{KvList, KvMeta};
use crate::version::{Found, View};

/// A [`View`] over what was collected. Keys outside of the needs look absent: evaluation must not
/// ask for them.
#[derive(Default)]
pub struct CollectedView {
    /// The revision that counts as newest; `None` when that is the newest state itself.
    snapshot: Option<Revision>,
    newest: BTreeMap<Bytes, Pair>,
    at: BTreeMap<Revision, BTreeMap<Bytes, Pair>>,
    attached: BTreeMap<LeaseId, BTreeSet<Vec<u8>>>,
    last_taken: Revision,
    trimmed_to: Revision,
}

impl CollectedView {
    /// A view for reads at `snapshot`.
    #[must_use]
    pub fn at(snapshot: Revision) -> Self {
        Self { snapshot: Some(snapshot), last_taken: snapshot, ..Self::default() }
    }

    /// A view of pairs that were read already.
    #[must_use]
    pub fn of(pairs: &KvList) -> Self {
        let newest = pairs.iter().map(|pair| {
            let value = Bytes::copy_from_slice(pair.value);
            (Bytes::copy_from_slice(pair.key), Pair::resident(pair.meta, 0, value))
        });
        Self { newest: newest.collect(), ..Self::default() }
    }

    /// Adds a part of one core's answer to `needs`.
    pub fn add(&mut self, needs: &[Need], collected: Collected) {
        if self.snapshot.is_none() {
            self.last_taken = self.last_taken.max(collected.last_taken);
        }
        self.trimmed_to = self.trimmed_to.max(collected.trimmed_to);
        for (need, pairs) in collected.pairs {
            let into = match needs[need].at {
                Some(at) if needs[need].at != self.snapshot => self.at.entry(at).or_default(),
                _ => &mut self.newest,
            };
            for (key, pair) in pairs {
                // A need without values does not take them from one that has them.
                if pair.value.is_some() || !into.contains_key(&key) {
                    into.insert(key, pair);
                }
            }
        }
        for (lease, keys) in collected.attached {
            self.attached.entry(lease).or_default().extend(keys);
        }
    }

    /// The newest revision evaluated on any core that was asked.
    #[must_use]
    pub fn last_taken(&self) -> Revision {
        self.last_taken
    }

    /// Below this revision it may have holes.
    #[must_use]
    pub fn trimmed_to(&self) -> Revision {
        self.trimmed_to
    }

    /// The keys attached to `lease`, sorted.
    #[must_use]
    pub fn attached(&self, lease: LeaseId) -> Vec<Vec<u8>> {
        let still = |key: &[u8]| self.newest.get(key).is_none_or(|p| p.meta.lease == lease);
        let keys = self.attached.get(&lease).into_iter().flatten();
        keys.filter(|key| still(key)).cloned().collect()
    }

    /// Later writes of the round see what an earlier one changes.
    pub fn apply(&mut self, revision: Revision, changes: &[PlannedChange]) {
        self.last_taken = self.last_taken.max(revision);
        for change in changes {
            self.detach(&change.key);
            match &change.action {
                PlannedAction::Delete => {
                    self.newest.remove(&change.key);
                }
                PlannedAction::Put { value, .. } => {
                    self.put(change, change.action.meta(revision), value);
                }
            }
        }
    }

    fn pairs_at(&self, at: Revision) -> Option<&BTreeMap<Bytes, Pair>> {
        if self.snapshot == Some(at) { Some(&self.newest) } else { self.at.get(&at) }
    }

    /// The first keys of `interval` in the newest state, up to `max` of them.
    #[must_use]
    pub fn first_keys(&self, interval: &Interval, max: usize) -> Vec<Bytes> {
        range(&self.newest, interval).take(max).map(|(key, _)| key.clone()).collect()
    }

    fn put(&mut self, change: &PlannedChange, meta: KvMeta, value: &Bytes) {
        if let Some(keys) = self.attached.get_mut(&meta.lease) {
            keys.insert(change.key.to_vec());
        }
        let pair = Pair::resident(meta, change.sub, value.clone());
        self.newest.insert(change.key.clone(), pair);
    }

    fn detach(&mut self, key: &[u8]) {
        for keys in self.attached.values_mut() {
            keys.remove(key);
        }
    }
}

fn range<'a>(
    pairs: &'a BTreeMap<Bytes, Pair>,
    interval: &Interval,
) -> impl Iterator<Item = (&'a Bytes, Found<'a>)> {
    let low = Bound::Included(&interval.start[..]);
    let high = match &interval.end {
        _ if interval.is_empty() => Bound::Excluded(&interval.start[..]),
        End::Single => Bound::Included(&interval.start[..]),
        End::Before(end) => Bound::Excluded(&end[..]),
        End::Open => Bound::Unbounded,
    };
    pairs.range::<[u8], _>((low, high)).map(|(key, pair)| (key, pair.found()))
}

fn visit<'a>(
    mut pairs: impl Iterator<Item = (&'a Bytes, Found<'a>)>,
    visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
) {
    let _stopped = pairs.all(|(key, found)| visitor(key, found));
}

impl View for CollectedView {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.newest.get(key).map(Pair::found)
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        visit(range(&self.newest, interval), visitor);
    }

    fn count(&self, interval: &Interval) -> u64 {
        range(&self.newest, interval).count() as u64
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        if let Some(pairs) = self.pairs_at(at) {
            visit(range(pairs, interval), visitor);
        }
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        self.pairs_at(at).map_or(0, |pairs| range(pairs, interval).count() as u64)
    }
}
