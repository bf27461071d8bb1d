//! The state of some keys, brought together from several cores so that one of them can evaluate.

use std::collections::BTreeMap;
use std::ops::Bound;

use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::evaluate::{PlannedAction, PlannedChange};
use crate::interval::{End, Interval};
use crate::kv_list::{KvList, KvMeta};
use crate::machine::mail::Collect;
use crate::machine::shards::Shards;
use crate::shard::Shard;
use crate::version::{ColdValue, Found, Location, StoredValue, View};

/// Keys that an evaluation needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The keys.
    pub interval: Interval,
    /// The revision to read at; `None` for the newest state, in-flight writes included.
    pub at: Option<Revision>,
}

/// One core's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// For each need, the keys that live here.
    pub pairs: Vec<Vec<(Bytes, Pair)>>,
    /// For each lease asked for, the attached keys of the newest state.
    pub attached: Vec<(LeaseId, Vec<Vec<u8>>)>,
    /// The newest revision evaluated on the core.
    pub last_taken: Revision,
}

/// A version that left its core.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    meta: KvMeta,
    sub: u32,
    place: ColdValue,
    value: Option<Bytes>,
}

impl Pair {
    fn of(found: Found<'_>) -> Self {
        let StoredValue { location, len, crc, bytes } = found.value;
        Self {
            meta: found.meta,
            sub: found.sub,
            place: ColdValue { location, len, crc },
            value: bytes.map(Bytes::copy_from_slice),
        }
    }

    fn found(&self) -> Found<'_> {
        let ColdValue { location, len, crc } = self.place;
        let value = StoredValue { location, len, crc, bytes: self.value.as_deref() };
        Found { meta: self.meta, sub: self.sub, value }
    }
}

/// What this core's shards hold of what is asked. A round of writes wants the newest state of
/// leases, readers the applied one.
#[must_use]
pub fn collect(shards: &Shards, collect: &Collect) -> Collected {
    let Collect { needs, leases, close_gate, .. } = collect;
    let attached = |lease: &LeaseId| (*lease, attached(shards, *lease, *close_gate));
    let attached = leases.iter().map(attached).collect();
    Collected {
        pairs: needs.iter().map(|need| pairs(shards, need)).collect(),
        attached,
        last_taken: shards.last_taken(),
    }
}

fn pairs(shards: &Shards, need: &Need) -> Vec<(Bytes, Pair)> {
    let mut pairs = Vec::new();
    let mut visitor = |key: &[u8], found: Found<'_>| {
        pairs.push((Bytes::copy_from_slice(key), Pair::of(found)));
        true
    };
    match need.at {
        None => shards.visit(&need.interval, &mut visitor),
        Some(at) => shards.visit_at(&need.interval, at, &mut visitor),
    }
    pairs
}

fn attached(shards: &Shards, lease: LeaseId, newest: bool) -> Vec<Vec<u8>> {
    let of_shard = |shard: &Shard| {
        if newest {
            return shard.attached_newest(lease);
        }
        shard.attached(lease).map(<[u8]>::to_vec).collect()
    };
    shards.iter().flat_map(of_shard).collect()
}

/// A [`View`] over what was collected. Keys outside of the needs look absent: evaluation must not
/// ask for them.
#[derive(Default)]
pub struct CollectedView {
    /// The revision that counts as newest; `None` when that is the newest state itself.
    snapshot: Option<Revision>,
    newest: BTreeMap<Bytes, Pair>,
    at: BTreeMap<Revision, BTreeMap<Bytes, Pair>>,
    attached: BTreeMap<LeaseId, Vec<Vec<u8>>>,
    last_taken: Revision,
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
            let place =
                ColdValue { location: Location::default(), len: pair.value.len() as u32, crc: 0 };
            let value = Some(Bytes::copy_from_slice(pair.value));
            let key = Bytes::copy_from_slice(pair.key);
            (key, Pair { meta: pair.meta, sub: 0, place, value })
        });
        Self { newest: newest.collect(), ..Self::default() }
    }

    /// Adds one core's answer to `needs`.
    pub fn add(&mut self, needs: &[Need], collected: Collected) {
        if self.snapshot.is_none() {
            self.last_taken = self.last_taken.max(collected.last_taken);
        }
        for (need, pairs) in needs.iter().zip(collected.pairs) {
            let into = match need.at {
                Some(at) if need.at != self.snapshot => self.at.entry(at).or_default(),
                _ => &mut self.newest,
            };
            into.extend(pairs);
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

    /// The keys attached to `lease`, sorted.
    #[must_use]
    pub fn attached(&self, lease: LeaseId) -> Vec<Vec<u8>> {
        let still = |key: &Vec<u8>| self.newest.get(&key[..]).is_none_or(|p| p.meta.lease == lease);
        let mut keys: Vec<_> = self.attached.get(&lease).into_iter().flatten().cloned().collect();
        keys.retain(still);
        keys.sort();
        keys
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

    fn put(&mut self, change: &PlannedChange, meta: KvMeta, value: &Bytes) {
        if let Some(keys) = self.attached.get_mut(&meta.lease) {
            keys.push(change.key.to_vec());
        }
        let len = value.len() as u32;
        let place = ColdValue { location: Location::default(), len, crc: 0 };
        let pair = Pair { meta, sub: change.sub, place, value: Some(value.clone()) };
        self.newest.insert(change.key.clone(), pair);
    }

    fn detach(&mut self, key: &[u8]) {
        for keys in self.attached.values_mut() {
            keys.retain(|attached| attached != key);
        }
    }
}

fn range<'a>(
    pairs: &'a BTreeMap<Bytes, Pair>,
    interval: &Interval,
) -> impl Iterator<Item = (&'a [u8], Found<'a>)> {
    let low = Bound::Included(&interval.start[..]);
    let high = match &interval.end {
        _ if interval.is_empty() => Bound::Excluded(&interval.start[..]),
        End::Single => Bound::Included(&interval.start[..]),
        End::Before(end) => Bound::Excluded(&end[..]),
        End::Open => Bound::Unbounded,
    };
    pairs.range::<[u8], _>((low, high)).map(|(key, pair)| (&key[..], pair.found()))
}

fn visit<'a>(
    mut pairs: impl Iterator<Item = (&'a [u8], Found<'a>)>,
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
