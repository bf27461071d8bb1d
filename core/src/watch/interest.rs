//! The intervals that this core's watchers need live events of, each registered with the owners
//! of its keys once, however many watchers share it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use braid_storage::ids::Revision;

use super::interval_index::IntervalIndex;
use super::messages::InterestId;
use super::watcher::WatcherKey;
use crate::interval::Interval;
use crate::port::StreamId;

/// A watcher that shares an interest. Those of one stream are neighbours, as they can share
/// responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sharer {
    pub(super) stream: StreamId,
    pub(super) key: WatcherKey,
}

/// One watched interval.
pub(super) struct Interest {
    pub(super) interval: Interval,
    /// Who shares it; never empty.
    pub(super) watchers: BTreeSet<Sharer>,
    /// Owners send every event from here on; none until all of them have agreed.
    registered_from: Option<Revision>,
    /// Below this revision, live events were dropped for lack of room.
    complete_from: Revision,
}

impl Interest {
    /// Whether all owners send.
    pub(super) fn is_registered(&self) -> bool {
        self.registered_from.is_some()
    }

    /// Whether every live event from `revision` on came or will come.
    pub(super) fn is_live_from(&self, revision: Revision) -> bool {
        self.complete_from <= revision && self.registered_from.is_some_and(|from| from <= revision)
    }

    /// Notes that an event at `revision` did not find room.
    pub(super) fn lose(&mut self, revision: Revision) {
        self.complete_from = self.complete_from.max(revision.next());
    }

    /// Forgets gaps above `watermark`: what made them is void.
    pub(super) fn forget_above(&mut self, watermark: Revision) {
        self.complete_from = self.complete_from.min(watermark.next());
        self.registered_from = self.registered_from.map(|from| from.min(watermark.next()));
    }
}

/// All interests of a hub.
#[derive(Default)]
pub(super) struct Interests {
    last: u64,
    by_id: BTreeMap<InterestId, Interest>,
    by_interval: HashMap<Interval, InterestId>,
    index: IntervalIndex,
}

impl Interests {
    /// Adds a watcher to the interest of `interval`. `true` when it is a new one, to be
    /// registered.
    pub(super) fn join(&mut self, interval: Interval, watcher: Sharer) -> (InterestId, bool) {
        if let Some(id) = self.by_interval.get(&interval) {
            let id = *id;
            self.get_mut(id).watchers.insert(watcher);
            return (id, false);
        }
        self.last += 1;
        let id = InterestId(self.last);
        self.index.insert(&interval, id);
        self.by_interval.insert(interval.clone(), id);
        let interest = Interest {
            interval,
            watchers: BTreeSet::from([watcher]),
            registered_from: None,
            complete_from: Revision(0),
        };
        self.by_id.insert(id, interest);
        (id, true)
    }

    /// Takes a watcher out. `true` when the interest is gone with it.
    pub(super) fn leave(&mut self, id: InterestId, watcher: Sharer) -> bool {
        let interest = self.get_mut(id);
        interest.watchers.remove(&watcher);
        if !interest.watchers.is_empty() {
            return false;
        }
        if let Some(gone) = self.by_id.remove(&id) {
            self.index.remove(&gone.interval);
            self.by_interval.remove(&gone.interval);
        }
        true
    }

    /// Notes that all owners send. `false` when nobody is interested any more.
    pub(super) fn registered(&mut self, id: InterestId, from: Revision) -> bool {
        self.by_id.get_mut(&id).map(|interest| interest.registered_from = Some(from)).is_some()
    }

    /// The interest of a watcher that is there.
    pub(super) fn get(&self, id: InterestId) -> &Interest {
        &self.by_id[&id]
    }

    pub(super) fn get_mut(&mut self, id: InterestId) -> &mut Interest {
        self.by_id.get_mut(&id).expect("an interest lives as long as one of its watchers")
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Interest> {
        self.by_id.values_mut()
    }

    pub(super) fn ids(&self) -> Vec<InterestId> {
        self.by_id.keys().copied().collect()
    }

    /// Up to `max` watchers that share an interest, if it is still there, from the one behind
    /// `after` on.
    pub(super) fn sharers(&self, id: InterestId, after: Option<Sharer>, max: usize) -> Vec<Sharer> {
        let Some(interest) = self.by_id.get(&id) else { return Vec::new() };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        interest.watchers.range((from, Bound::Unbounded)).take(max).copied().collect()
    }

    /// The interests that `key` falls into.
    pub(super) fn find(&self, key: &[u8]) -> Vec<InterestId> {
        let mut found = Vec::new();
        self.index.find(key, &mut found);
        found
    }
}
