//! Watchers of the made-up server.

use braid_core::api::{Event as WatchEvent, KeyValue, WatchCreate, WatchResponse};
use braid_core::ids::{LeaseId, Revision};
use braid_judge::model::{Event, Pair, within};
use bytes::Bytes;

use super::World;

/// One of them.
pub struct Watcher {
    client: u64,
    number: u64,
    create: WatchCreate,
    /// The next place in the store's history; none until it is created.
    next: Option<usize>,
    ended: bool,
}

impl World {
    pub(super) fn open_watcher(&mut self) {
        let delete = self.generator.delete();
        let everything = self.random.one_in(2) || delete.key.is_empty();
        let start = self.random.below(self.model.revision() + 3);
        let create = WatchCreate {
            key: if everything { Bytes::from_static(b"\0") } else { delete.key },
            range_end: if everything { Bytes::from_static(b"\0") } else { delete.range_end },
            start_revision: if self.random.one_in(2) { 0 } else { start as i64 },
            no_put: self.random.one_in(8),
            no_delete: self.random.one_in(8),
            prev_kv: self.random.one_in(2),
            fragment: self.random.one_in(4),
            ..WatchCreate::default()
        };
        let number = self.watchers.len() as u64 + 1;
        let client = 100 + number;
        self.recorder.watch(client, number, self.now, &create);
        self.watchers.push(Watcher { client, number, create, next: None, ended: false });
    }

    /// Some watcher is told something.
    pub(super) fn tell(&mut self) {
        if self.watchers.is_empty() {
            return;
        }
        let place = self.random.below(self.watchers.len() as u64) as usize;
        let revisions = self.random.between(1, 4) as usize;
        self.tell_one(place, revisions);
    }

    fn tell_one(&mut self, place: usize, revisions: usize) {
        if self.watchers[place].ended {
            return;
        }
        match self.watchers[place].next {
            None => self.create(place),
            Some(_) if self.is_compacted(place) => self.end_compacted(place),
            Some(next) => self.deliver(place, next, revisions),
        }
    }

    fn create(&mut self, place: usize) {
        let revision = self.model.revision();
        let start = match self.watchers[place].create.start_revision {
            0 => revision + 1,
            start => start as u64,
        };
        let next = self.model.history().partition_point(|event| event.revision < start);
        self.watchers[place].next = Some(next);
        let revision = Revision(revision);
        self.told(place, &WatchResponse { revision, created: true, ..WatchResponse::default() });
    }

    /// Whether the next thing to tell is below the compacted revision.
    fn is_compacted(&self, place: usize) -> bool {
        let watcher = &self.watchers[place];
        let start = watcher.create.start_revision as u64;
        let told_to = watcher.next.and_then(|next| self.model.history().get(next));
        let next = told_to.map_or(self.model.revision() + 1, |event| event.revision.max(start));
        (next as i64) < self.model.compacted()
    }

    fn end_compacted(&mut self, place: usize) {
        self.watchers[place].ended = true;
        let compact_revision = self.model.compacted();
        let canceled = true;
        self.told(place, &WatchResponse { canceled, compact_revision, ..WatchResponse::default() });
    }

    fn deliver(&mut self, place: usize, next: usize, revisions: usize) {
        let history = self.model.history();
        let mut end = next;
        for _ in 0..revisions {
            let Some(first) = history.get(end) else { break };
            end = history.partition_point(|event| event.revision <= first.revision);
        }
        let watcher = &self.watchers[place];
        let passed = history[next..end].iter().filter(|event| wants(watcher, event));
        let mut events: Vec<WatchEvent> =
            passed.map(|event| self.as_told(watcher, event)).collect();
        self.watchers[place].next = Some(end);
        let revision = Revision(self.model.revision());
        if events.is_empty() {
            self.progress(place, end);
            return;
        }
        if self.watchers[place].create.fragment && events.len() > 1 {
            let rest = events.split_off(1);
            let first = std::mem::replace(&mut events, rest);
            let fragment = true;
            let response = WatchResponse {
                revision,
                fragment,
                events: first.into(),
                ..WatchResponse::default()
            };
            self.told(place, &response);
        }
        self.told(
            place,
            &WatchResponse { revision, events: events.into(), ..WatchResponse::default() },
        );
    }

    /// The watcher has been told all there is.
    fn progress(&mut self, place: usize, end: usize) {
        let start = self.watchers[place].create.start_revision as u64;
        let revision = self.model.revision();
        if end == self.model.history().len() && start <= revision {
            let revision = Revision(revision);
            self.told(place, &WatchResponse { revision, ..WatchResponse::default() });
        }
    }

    fn told(&mut self, place: usize, response: &WatchResponse) {
        let watcher = &self.watchers[place];
        self.recorder.told(watcher.client, watcher.number, self.now, response);
    }

    /// All watchers are told everything.
    pub(super) fn close_watchers(&mut self) {
        for place in 0..self.watchers.len() {
            self.tell_one(place, 1);
            self.tell_one(place, usize::MAX);
            let (client, number) = (self.watchers[place].client, self.watchers[place].number);
            self.recorder.unwatch(client, number, self.now, self.model.revision());
        }
    }

    fn as_told(&self, watcher: &Watcher, event: &Event) -> WatchEvent {
        let mod_revision = Revision(event.revision);
        let kv = match &event.put {
            Some(pair) => key_value(&event.key, pair),
            None => KeyValue::tombstone(event.key.clone(), mod_revision),
        };
        let begins = event.put.as_ref().is_some_and(|put| put.create_revision == event.revision);
        let readable = event.revision as i64 > self.model.compacted();
        let before = self.model.pair_at(&event.key, event.revision - 1);
        let before = before.filter(|_| watcher.create.prev_kv && readable && !begins);
        let prev_kv = before.map(|pair| key_value(&event.key, pair));
        WatchEvent { deleted: event.put.is_none(), kv, prev_kv }
    }
}

fn wants(watcher: &Watcher, event: &Event) -> bool {
    let create = &watcher.create;
    let left_out = if event.put.is_some() { create.no_put } else { create.no_delete };
    let reached = event.revision >= create.start_revision as u64;
    within(&event.key, &create.key, &create.range_end) && !left_out && reached
}

fn key_value(key: &Bytes, pair: &Pair) -> KeyValue {
    KeyValue {
        key: key.clone(),
        value: pair.value.clone(),
        create_revision: Revision(pair.create_revision),
        mod_revision: Revision(pair.mod_revision),
        version: pair.version,
        lease: LeaseId(pair.lease),
    }
}
