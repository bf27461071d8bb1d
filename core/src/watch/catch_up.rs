//! Watchers that are behind, on their way to the present.
//!
//! A watcher waits until its interest is registered. Then it takes steps, one whenever its turn
//! comes: from the events delivered last where they reach back far enough, else by a history
//! query, of which only so many are under way at once. When it has passed the delivered
//! watermark and live events are complete from there on, it is synced.

use std::collections::{BTreeSet, HashMap};

use braid_storage::ids::Revision;

use super::hub::WatchHub;
use super::messages::{HistoryAnswer, HistoryId, HistoryQuery, InterestId, WatchOutput};
use super::size;
use super::wait_queue::WaitQueue;
use super::watcher::{Stage, WatcherKey};
use crate::api::Event;
use crate::port::StreamId;

/// Where watchers that are behind wait; paused ones wait at their stream.
#[derive(Default)]
pub(super) struct CatchUp {
    ready: WaitQueue,
    await_query: WaitQueue,
    await_advance: BTreeSet<WatcherKey>,
    /// The queries under way, each for its watcher, if that is still there.
    queries: HashMap<HistoryId, Option<WatcherKey>>,
    last_query: u64,
}

/// What a watcher can do next.
enum Step {
    AwaitRegistration,
    AwaitAdvance,
    AwaitQuery,
    Pause,
    Sync,
    /// Take these events, which cover everything before the revision.
    Feed(Vec<Event>, Revision),
    Query,
    Cancel,
}

impl CatchUp {
    /// Whether some watcher goes on when the watermark rises.
    pub(super) fn waits_for_advance(&self) -> bool {
        !self.await_advance.is_empty()
    }
}

impl WatchHub {
    /// Lets the watcher that has waited longest take a step. `false` when none can.
    pub(super) fn step_one_watcher(&mut self) -> bool {
        let Some(key) = self.pop_watcher() else { return false };
        match self.next_step(key) {
            Step::AwaitRegistration => self.set_stage(key, Stage::AwaitRegistration),
            Step::AwaitAdvance => {
                self.set_stage(key, Stage::AwaitAdvance);
                self.catch_up.await_advance.insert(key);
            }
            Step::AwaitQuery => {
                let ticket = self.catch_up.await_query.push(key);
                self.set_stage(key, Stage::AwaitQuery(ticket));
            }
            Step::Pause => self.pause(key),
            Step::Sync => self.sync(key),
            Step::Feed(events, after) => self.feed(key, &events, after),
            Step::Query => self.query(key),
            Step::Cancel => self.cancel_compacted(key, self.compacted),
        }
        true
    }

    /// Who waits for a query comes first once one can be made, or a watcher that asks again and
    /// again would always be faster.
    fn pop_watcher(&mut self) -> Option<WatcherKey> {
        let asker = if self.can_query() { self.catch_up.await_query.pop() } else { None };
        asker.or_else(|| self.catch_up.ready.pop())
    }

    fn can_query(&self) -> bool {
        self.catch_up.queries.len() < self.config.queries
    }

    fn next_step(&self, key: WatcherKey) -> Step {
        let watcher = &self.watchers[key.0];
        let interest = self.interests.get(watcher.interest);
        let is_live = interest.is_live_from(watcher.next);
        if !interest.is_registered() {
            return Step::AwaitRegistration;
        }
        if watcher.next > self.delivered {
            return if is_live { Step::Sync } else { Step::AwaitAdvance };
        }
        if self.is_full(key) {
            return Step::Pause;
        }
        if is_live
            && self.recent.reaches_back_to(watcher.next)
            && let Some((events, after)) = self.recent_events(key)
        {
            return Step::Feed(events, after);
        }
        if watcher.next < self.compacted {
            return Step::Cancel;
        }
        if self.can_query() { Step::Query } else { Step::AwaitQuery }
    }

    /// What recent events hold for a watcher, and the revision after those that they cover: up
    /// to the watermark, to the size of a response, or to an event whose previous pair only the
    /// history has. None when that is the first one.
    fn recent_events(&self, key: WatcherKey) -> Option<(Vec<Event>, Revision)> {
        let watcher = &self.watchers[key.0];
        let interval = &self.interests.get(watcher.interest).interval;
        let (mut events, mut bytes, mut last) = (Vec::<Event>::new(), 0, watcher.next);
        for live in self.recent.since(watcher.next) {
            if live.revision > last && bytes >= self.config.response_bytes {
                return Some((events, live.revision));
            }
            last = live.revision;
            if !interval.contains(&live.event.kv.key) || !watcher.options.pass(&live.event) {
                continue;
            }
            if watcher.options.need_history(live) {
                events.retain(|event| event.kv.mod_revision < live.revision);
                return (live.revision > watcher.next).then_some((events, live.revision));
            }
            bytes += size::in_memory(&live.event);
            events.push(live.event.clone());
        }
        Some((events, self.delivered.next()))
    }

    fn query(&mut self, key: WatcherKey) {
        self.catch_up.last_query += 1;
        let id = HistoryId(self.catch_up.last_query);
        self.catch_up.queries.insert(id, Some(key));
        self.set_stage(key, Stage::Querying(id));
        let watcher = &self.watchers[key.0];
        let query = HistoryQuery {
            id,
            interval: self.interests.get(watcher.interest).interval.clone(),
            from: watcher.next,
            upto: self.delivered,
            wants_prev: watcher.options.prev_kv,
            max_events: self.config.query_events,
            max_bytes: self.config.response_bytes,
        };
        self.emit(WatchOutput::History(query));
    }

    pub(super) fn take_history(&mut self, id: HistoryId, answer: HistoryAnswer) {
        let Some(asker) = self.catch_up.queries.remove(&id) else { return };
        let Some(key) = asker else { return };
        match answer {
            HistoryAnswer::Chunk { events, complete_to } => {
                let from = self.watchers[key.0].next;
                assert!(complete_to >= from, "history from {from} ends at {complete_to}: no step");
                self.feed(key, &events, complete_to.next());
            }
            HistoryAnswer::Compacted(left) => self.cancel_compacted(key, left),
            HistoryAnswer::Failed(error) => self.cancel_failed(key, error.to_string()),
        }
    }

    /// Live events of an interest up to `revision` are incomplete: its synced watchers, all of
    /// which are at the watermark or beyond, take those from the history.
    pub(super) fn lose(&mut self, id: InterestId, revision: Revision) {
        self.finish_dealing();
        let interest = self.interests.get_mut(id);
        interest.lose(revision);
        let sharers: Vec<_> = interest.watchers.iter().map(|sharer| sharer.key).collect();
        for key in sharers {
            let watcher = &mut self.watchers[key.0];
            if watcher.stage == Stage::Synced {
                watcher.next = watcher.next.max(self.delivered.next());
                self.make_ready(key);
            }
        }
    }

    pub(super) fn wake_registered(&mut self, id: InterestId) {
        let sharers = self.interests.get(id).watchers.iter().map(|sharer| sharer.key);
        let is_waiting = |key: &WatcherKey| self.watchers[key.0].stage == Stage::AwaitRegistration;
        for key in sharers.filter(is_waiting).collect::<Vec<_>>() {
            self.make_ready(key);
        }
    }

    pub(super) fn wake_waiting_for_advance(&mut self) {
        for key in std::mem::take(&mut self.catch_up.await_advance) {
            self.make_ready(key);
        }
    }

    /// The stream of some paused watchers has room again.
    pub(super) fn resume(&mut self, stream: StreamId) {
        while let Some(key) = self.streams.get_mut(&stream).and_then(|found| found.paused.pop()) {
            self.make_ready(key);
        }
    }

    pub(super) fn make_ready(&mut self, key: WatcherKey) {
        let ticket = self.catch_up.ready.push(key);
        self.set_stage(key, Stage::Ready(ticket));
    }

    fn pause(&mut self, key: WatcherKey) {
        if let Some(stream) = self.streams.get_mut(&self.watchers[key.0].stream) {
            let ticket = stream.paused.push(key);
            self.set_stage(key, Stage::Paused(ticket));
        }
    }

    fn sync(&mut self, key: WatcherKey) {
        self.set_stage(key, Stage::Synced);
        let watcher = &mut self.watchers[key.0];
        let was_fresh = std::mem::take(&mut watcher.fresh);
        let id = watcher.stream;
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.fresh -= usize::from(was_fresh);
        }
        self.settle_progress(id);
    }

    fn set_stage(&mut self, key: WatcherKey, stage: Stage) {
        self.leave_place(key);
        let watcher = &mut self.watchers[key.0];
        let was_behind = watcher.stage != Stage::Synced;
        watcher.stage = stage;
        if let Some(stream) = self.streams.get_mut(&watcher.stream) {
            stream.behind += usize::from(stage != Stage::Synced);
            stream.behind -= usize::from(was_behind);
        }
    }

    /// Takes a watcher out of wherever its stage has it wait.
    pub(super) fn leave_place(&mut self, key: WatcherKey) {
        let watcher = &self.watchers[key.0];
        match watcher.stage {
            Stage::Synced | Stage::AwaitRegistration => {}
            Stage::AwaitAdvance => _ = self.catch_up.await_advance.remove(&key),
            Stage::Ready(ticket) => self.catch_up.ready.leave(ticket),
            Stage::AwaitQuery(ticket) => self.catch_up.await_query.leave(ticket),
            Stage::Paused(ticket) => {
                if let Some(stream) = self.streams.get_mut(&watcher.stream) {
                    stream.paused.leave(ticket);
                }
            }
            Stage::Querying(id) => {
                if let Some(asker) = self.catch_up.queries.get_mut(&id) {
                    *asker = None;
                }
            }
        }
    }
}
