//! A small world around a hub: a history, three owners that commit and send at their own pace,
//! and clients that read at theirs.

use std::collections::{BTreeMap, VecDeque};

use super::client::Client;
use super::*;
use crate::interval::Interval;

pub(super) const OWNERS: usize = 3;
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// One change of the history.
#[derive(Clone, Debug)]
pub(super) struct Change {
    sub: u32,
    /// With its previous pair.
    pub(super) event: Event,
}

impl Change {
    pub(super) fn revision(&self) -> Revision {
        self.event.kv.mod_revision
    }
}

/// A core that owns every third key.
#[derive(Default)]
pub(super) struct Owner {
    /// Its parts of writes that it has not committed, in order.
    uncommitted: VecDeque<Vec<Change>>,
    /// The last revision that it committed.
    committed: Revision,
    /// Registrations on their way to it.
    asked: VecDeque<(InterestId, Interval)>,
    interests: BTreeMap<InterestId, Interval>,
    mailbox: Vec<LiveEvent>,
    /// Events up to here did not find room in the mailbox.
    lost: Option<Revision>,
}

pub(super) struct World {
    pub(super) hub: WatchHub,
    /// Whether the hub had nothing more to do.
    at_rest: bool,
    history: Vec<Change>,
    last: Revision,
    watermark: Revision,
    compacted: Revision,
    pub(super) owners: [Owner; OWNERS],
    mailbox_limit: usize,
    /// Which owners agreed to an interest, and from where on.
    agreed: BTreeMap<InterestId, Vec<Revision>>,
    queries: Vec<HistoryQuery>,
    pub(super) clients: BTreeMap<StreamId, Client>,
    last_stream: u64,
    now: Duration,
    pub(super) cancels: usize,
    pub(super) events: usize,
}

impl World {
    pub(super) fn new(config: WatchConfig, mailbox_limit: usize) -> Self {
        Self {
            hub: WatchHub::new(config, 1, Revision::FRESH),
            at_rest: true,
            history: Vec::new(),
            last: Revision::FRESH,
            watermark: Revision::FRESH,
            compacted: Revision(0),
            owners: Default::default(),
            mailbox_limit,
            agreed: BTreeMap::new(),
            queries: Vec::new(),
            clients: BTreeMap::new(),
            last_stream: 0,
            now: Duration::ZERO,
            cancels: 0,
            events: 0,
        }
    }

    /// The stream that a small number stands for.
    pub(super) fn stream(&self, number: u8) -> Option<StreamId> {
        let count = self.clients.len().max(1);
        self.clients.keys().nth(usize::from(number) % count).copied()
    }

    pub(super) fn open(&mut self) {
        if self.clients.len() < 4 {
            self.last_stream += 1;
            let id = StreamId(self.last_stream);
            self.clients.insert(id, Client::default());
            self.hub.handle_open(id);
        }
    }

    pub(super) fn close(&mut self, stream: StreamId) {
        self.clients.remove(&stream);
        self.hub.handle_close(stream);
        self.drain();
    }

    pub(super) fn request(&mut self, stream: StreamId, request: WatchRequest) {
        if let (WatchRequest::Create(create), Some(client)) =
            (&request, self.clients.get_mut(&stream))
        {
            client.creating.push_back(create.clone());
        }
        let compacted = Some(self.compacted);
        self.hub.handle_request(self.now, stream, request, self.watermark, compacted);
        self.drain();
    }

    /// The start revision that a small number stands for: none, past, present or future.
    pub(super) fn start(&self, number: u8) -> i64 {
        let revision = (self.watermark.0 + 3).saturating_sub(u64::from(number) / 2);
        if number.is_multiple_of(3) { 0 } else { revision as i64 }
    }

    /// One write that changes `keys`; of those that live, every other one is deleted.
    pub(super) fn write(&mut self, keys: &[u8]) {
        self.last = self.last.next();
        let mut keys: Vec<_> = keys.iter().map(|key| usize::from(*key) % KEYS.len()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut parts: [Vec<Change>; OWNERS] = Default::default();
        for (sub, key) in keys.into_iter().enumerate() {
            let event = self.change(KEYS[key], self.last.0 as usize + sub);
            let change = Change { sub: sub as u32, event };
            parts[key % OWNERS].push(change.clone());
            self.history.push(change);
        }
        for (owner, part) in self.owners.iter_mut().zip(parts) {
            if !part.is_empty() {
                owner.uncommitted.push_back(part);
            }
        }
    }

    fn change(&self, key: &str, salt: usize) -> Event {
        let newest = self.history.iter().rev().find(|change| change.event.kv.key == key);
        let prev = newest.filter(|change| !change.event.deleted).map(|c| c.event.kv.clone());
        let event = match &prev {
            Some(_) if salt.is_multiple_of(2) => delete(self.last.0, key),
            _ => put(self.last.0, key),
        };
        Event { prev_kv: prev, ..event }
    }

    /// An owner commits its next part and sends the events that somebody wants.
    pub(super) fn commit(&mut self, owner: usize, is_cold: bool) {
        let (owner, limit) = (&mut self.owners[owner], self.mailbox_limit);
        let Some(part) = owner.uncommitted.pop_front() else { return };
        for Change { sub, event, .. } in part {
            let revision = event.kv.mod_revision;
            owner.committed = revision;
            if !owner.interests.values().any(|interval| interval.contains(&event.kv.key)) {
                continue;
            }
            let (event, prev) = match &event.prev_kv {
                None => (event, Prev::None),
                Some(_) if is_cold => (Event { prev_kv: None, ..event }, Prev::Cold),
                Some(_) => (event, Prev::Resident),
            };
            if owner.mailbox.len() < limit {
                owner.mailbox.push(LiveEvent { revision, sub, event, prev });
            } else {
                owner.lost = Some(revision);
            }
        }
    }

    /// An owner takes the next registration.
    pub(super) fn agree(&mut self, owner: usize) {
        let owner = &mut self.owners[owner];
        let Some((id, interval)) = owner.asked.pop_front() else { return };
        owner.interests.insert(id, interval);
        let agreed = self.agreed.entry(id).or_default();
        agreed.push(owner.committed.next());
        if agreed.len() == OWNERS {
            let from = agreed.iter().max().copied().unwrap_or_default();
            self.agreed.remove(&id);
            self.hub.handle_registered(id, from);
            self.drain();
        }
    }

    /// An owner's mailbox reaches the hub.
    pub(super) fn deliver(&mut self, owner: usize) {
        let owner = &mut self.owners[owner];
        if let Some(lost) = owner.lost.take() {
            self.hub.handle_lost(lost);
        }
        self.hub.handle_live(std::mem::take(&mut owner.mailbox));
        self.drain();
    }

    /// The watermark rises as far as the owners have committed, or one revision only.
    pub(super) fn advance(&mut self, one: bool) {
        let waiting = self.owners.iter().filter_map(|owner| owner.uncommitted.front());
        let bound = waiting.map(|part| part[0].revision().previous()).min().unwrap_or(self.last);
        self.watermark = if one { self.watermark.next().min(bound) } else { bound };
        for owner in 0..OWNERS {
            self.deliver(owner);
        }
        self.hub.handle_advance(self.watermark);
        self.drain();
    }

    /// The epoch ends: what the watermark cannot reach is void.
    pub(super) fn end_epoch(&mut self) {
        self.advance(false);
        self.history.retain(|change| change.revision() <= self.watermark);
        self.last = self.watermark;
        for owner in &mut self.owners {
            owner.uncommitted.clear();
            owner.committed = owner.committed.min(self.watermark);
        }
        for from in self.agreed.values_mut().flatten() {
            *from = self.watermark.next().min(*from);
        }
        self.hub.handle_void();
        self.drain();
    }

    pub(super) fn compact(&mut self, back: u8) {
        let revision = Revision(self.watermark.0.saturating_sub(u64::from(back)));
        self.compacted = self.compacted.max(revision);
        self.hub.handle_compacted(revision);
        self.drain();
    }

    /// Answers one of the open queries.
    pub(super) fn answer(&mut self, number: u8) {
        if self.queries.is_empty() {
            return;
        }
        let query = self.queries.swap_remove(usize::from(number) % self.queries.len());
        self.hub.handle_history(query.id, self.look_up(&query));
        self.drain();
    }

    fn look_up(&self, query: &HistoryQuery) -> HistoryAnswer {
        if query.from < self.compacted {
            return HistoryAnswer::Compacted(self.compacted);
        }
        assert!(query.upto <= self.watermark && query.from <= query.upto, "{query:?}");
        let mut events: Vec<Event> = Vec::new();
        for change in self.history.iter().filter(|change| {
            (query.from..=query.upto).contains(&change.revision())
                && query.interval.contains(&change.event.kv.key)
        }) {
            let begins = events.last().is_none_or(|e| e.kv.mod_revision != change.revision());
            if begins && events.len() >= query.max_events {
                let complete_to = change.revision().previous();
                return HistoryAnswer::Chunk { events, complete_to };
            }
            events.push(change.event.clone());
        }
        HistoryAnswer::Chunk { events, complete_to: query.upto }
    }

    pub(super) fn tick(&mut self) {
        if let Some(due) = self.hub.next_deadline() {
            self.now = due;
            self.hub.handle_tick(due);
            self.drain();
        }
    }

    /// A client reads what was queued first and checks it. `false` when there is none.
    pub(super) fn read(&mut self, stream: StreamId) -> bool {
        let Some(client) = self.clients.get_mut(&stream) else { return false };
        let Some(responses) = client.queue.pop_front() else { return false };
        for response in responses.each() {
            self.events += response.events.len();
            self.cancels += usize::from(response.compact_revision > 0);
            assert!(response.revision <= self.watermark, "ahead of the watermark: {response:?}");
            client.check(&self.history, self.compacted, response);
        }
        self.hub.handle_taken(stream);
        self.drain();
        true
    }

    /// The hub works for as long as one step lets it.
    fn drain(&mut self) {
        self.at_rest = !self.hub.work(self.hub.config.work_per_step);
        while let Some(output) = self.hub.poll_output() {
            match output {
                WatchOutput::Respond(stream, responses) => {
                    let client = self.clients.get_mut(&stream).expect("responses to open streams");
                    client.queue.push_back(responses);
                }
                WatchOutput::Register { interest, interval } => {
                    for owner in &mut self.owners {
                        owner.asked.push_back((interest, interval.clone()));
                    }
                }
                WatchOutput::Unregister { interest } => {
                    self.agreed.remove(&interest);
                    for owner in &mut self.owners {
                        owner.asked.retain(|(asked, _)| *asked != interest);
                        owner.interests.remove(&interest);
                    }
                }
                WatchOutput::History(query) => self.queries.push(query),
                WatchOutput::EndStream(stream, error) => panic!("{stream:?} ended: {error}"),
            }
        }
        self.check_bounds();
    }

    fn check_bounds(&self) {
        let config = &self.hub.config;
        assert!(self.queries.len() <= config.queries);
        // Beyond its bound a stream may hold one response, which may end with a large revision, and
        // what its client asked for.
        let one_more = (config.chunk_bytes() + 3000) * self.clients.len();
        let slack = one_more + self.clients.values().map(|c| 128 * c.queue.len()).sum::<usize>();
        let queued = self.hub.stats().queued_bytes;
        assert!(queued <= self.clients.len() * config.stream_bytes + slack, "{queued} queued");
    }

    /// Lets everything come to rest.
    pub(super) fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "no rest: {:?}", self.hub.stats());
            for owner in 0..OWNERS {
                while !self.owners[owner].uncommitted.is_empty() {
                    self.commit(owner, false);
                }
                self.agree(owner);
            }
            self.advance(false);
            let mut moved = self.watermark < self.last || !self.queries.is_empty() || !self.at_rest;
            self.answer(0);
            for stream in self.clients.keys().copied().collect::<Vec<_>>() {
                while self.read(stream) {
                    moved = true;
                }
            }
            if !moved && self.owners.iter().all(|owner| owner.asked.is_empty()) {
                return;
            }
        }
    }

    /// After coming to rest: every watcher has seen everything, and progress says so.
    pub(super) fn check_complete(&mut self) {
        assert_eq!(self.hub.stats().slow_watchers, 0, "left behind: {:?}", self.hub.stats());
        for stream in self.clients.keys().copied().collect::<Vec<_>>() {
            let client = &self.clients[&stream];
            client.check_complete(&self.history);
            let expected = u64::from(client.may_ask_progress(self.watermark));
            let before = client.progress_seen;
            self.request(stream, WatchRequest::Progress);
            while self.read(stream) {}
            assert_eq!(self.clients[&stream].progress_seen - before, expected, "{stream:?}");
        }
    }

    /// After closing all streams nothing is left anywhere.
    pub(super) fn check_empty(&mut self) {
        for stream in self.clients.keys().copied().collect::<Vec<_>>() {
            self.close(stream);
        }
        let stats = self.hub.stats();
        assert_eq!(stats, WatchStats { events_total: stats.events_total, ..Default::default() });
        assert!(self.owners.iter().all(|o| o.interests.is_empty() && o.asked.is_empty()));
        assert_eq!(self.hub.next_deadline(), None);
    }
}
