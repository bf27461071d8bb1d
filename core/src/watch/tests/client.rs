//! A client that checks every response against the history.

use std::collections::{BTreeMap, VecDeque};

use super::model::Change;
use super::*;
use crate::interval::Interval;

/// A watcher as its client sees it.
#[derive(Debug)]
struct Watcher {
    create: WatchCreate,
    /// Everything below this has been seen.
    next: Revision,
    /// Events from `next` on that came in fragments whose last piece has not come.
    in_fragments: usize,
}

#[derive(Default)]
pub(super) struct Client {
    pub(super) queue: VecDeque<WatchResponses>,
    /// Creations that were not answered.
    pub(super) creating: VecDeque<WatchCreate>,
    watchers: BTreeMap<i64, Watcher>,
    pub(super) progress_seen: u64,
}

impl Client {
    /// Checks the next response.
    pub(super) fn check(
        &mut self,
        history: &[Change],
        compacted: Revision,
        response: WatchResponse,
    ) {
        let id = response.watch_id;
        if response.created {
            self.check_created(response);
        } else if response.canceled {
            let watcher = self.watchers.remove(&id).expect("canceled watchers exist");
            assert!(watcher.in_fragments == 0, "canceled between fragments");
            let gone = Revision(response.compact_revision as u64);
            assert!(gone <= compacted, "compacted too early: {response:?}");
            assert!(gone.0 == 0 || watcher.next < gone, "in vain: {watcher:?} {response:?}");
        } else if response.events.is_empty() {
            self.check_progress(history, &response);
        } else {
            let watcher = self.watchers.get_mut(&id).expect("events are for watchers");
            watcher.check_events(history, &response);
        }
    }

    /// At rest: every watcher has seen everything.
    pub(super) fn check_complete(&self, history: &[Change]) {
        for (id, watcher) in &self.watchers {
            let missed = watcher.first_unseen(history);
            assert!(missed.is_none(), "watcher {id} missed {missed:?}");
        }
    }

    /// Whether a progress request gets an answer at rest.
    pub(super) fn may_ask_progress(&self, watermark: Revision) -> bool {
        let is_past = |watcher: &Watcher| watcher.create.start_revision <= watermark.0 as i64;
        !self.watchers.is_empty() && self.watchers.values().all(is_past)
    }

    fn check_created(&mut self, response: WatchResponse) {
        let create = self.creating.pop_front().expect("one creation for each request");
        if response.canceled {
            assert_eq!(response.watch_id, -1);
            assert_ne!(response.cancel_reason, "");
            return;
        }
        let start = create.start_revision as u64;
        let next = if start == 0 { response.revision.next() } else { Revision(start) };
        let watcher = Watcher { create, next, in_fragments: 0 };
        assert!(self.watchers.insert(response.watch_id, watcher).is_none(), "{response:?}");
    }

    fn check_progress(&mut self, history: &[Change], response: &WatchResponse) {
        self.progress_seen += u64::from(response.watch_id == -1);
        let told = |id: &i64| response.watch_id == -1 || response.watch_id == *id;
        for (_, watcher) in self.watchers.iter_mut().filter(|(id, _)| told(id)) {
            assert!(watcher.in_fragments == 0, "progress between fragments");
            let first = watcher.first_unseen(history);
            assert!(
                first.is_none_or(|first| first > response.revision),
                "progress ahead of {first:?}: {response:?} {watcher:?}"
            );
            watcher.next = watcher.next.max(response.revision.next());
        }
    }
}

impl Watcher {
    fn wants(&self, change: &Change) -> bool {
        let create = &self.create;
        let filtered = if change.event.deleted { create.no_delete } else { create.no_put };
        let interval = Interval::new(create.key.clone(), create.range_end.clone());
        !filtered && interval.contains(&change.event.kv.key)
    }

    fn first_unseen(&self, history: &[Change]) -> Option<Revision> {
        let unseen = |change: &&Change| change.revision() >= self.next && self.wants(change);
        history.iter().find(unseen).map(Change::revision)
    }

    /// Events are the next ones of the history, whole revisions, in order.
    fn check_events(&mut self, history: &[Change], response: &WatchResponse) {
        assert!(!response.fragment || self.create.fragment, "a fragment unasked: {response:?}");
        let bytes = response.events.iter().map(size::encoded).sum::<usize>();
        let is_small = bytes < FRAGMENT_BYTES || response.events.len() == 1;
        assert!(!self.create.fragment || is_small, "a large fragment: {response:?}");
        let mut expected = history
            .iter()
            .filter(|change| change.revision() >= self.next && self.wants(change))
            .skip(self.in_fragments);
        for event in response.events.iter() {
            let change = expected.next().unwrap_or_else(|| panic!("made up: {event:?}"));
            let prev_kv = change.event.prev_kv.clone().filter(|_| self.create.prev_kv);
            assert_eq!(*event, Event { prev_kv, ..change.event.clone() }, "{response:?}");
            assert!(event.kv.mod_revision <= response.revision, "header behind: {response:?}");
        }
        let last = response.events.last().map(|e| e.kv.mod_revision).unwrap_or_default();
        let split = expected.next().is_some_and(|change| change.revision() == last);
        assert!(!split || response.fragment, "revision {last} is split: {response:?}");
        if response.fragment {
            self.in_fragments += response.events.len();
        } else {
            (self.in_fragments, self.next) = (0, last.next());
        }
    }
}
