//! Old events for watchers that catch up: each owner's part, merged by revision.

use braid_storage::ids::{CoreId, Revision};
use bytes::Bytes;

use super::Core;
use super::fetch::Then;
use super::mail::Mail;
use super::shards::Shards;
use crate::api::{Event, KeyValue};
use crate::evaluate::Fetched;
use crate::index::ChangeRef;
use crate::version::{ColdValue, Found};
use crate::watch::{HistoryAnswer, HistoryId, HistoryQuery};

/// One core's part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryPart {
    /// Events by (revision, sub), up to this revision.
    Events(Vec<(u32, Event)>, Revision),
    /// Too old.
    Compacted(Revision),
    /// A value cannot be read.
    Failed(crate::error::Error),
}

/// The parts that have arrived.
pub(super) struct Gathered {
    missing: usize,
    events: Vec<(u32, Event)>,
    complete_to: Revision,
    other: Option<HistoryAnswer>,
}

impl Core {
    pub(super) fn ask_history(&mut self, query: HistoryQuery) {
        let owners = self.owners(&query.interval);
        let gathered = Gathered {
            missing: owners.len(),
            events: Vec::new(),
            complete_to: query.upto,
            other: None,
        };
        self.watches.histories.insert(query.id, gathered);
        for owner in owners {
            self.mail(owner, Mail::History(Box::new(query.clone())));
        }
    }

    pub(super) fn handle_history_query(&mut self, from: CoreId, query: HistoryQuery) {
        self.advance();
        self.answer_history(from, query, Fetched::default());
    }

    pub(super) fn answer_history(&mut self, from: CoreId, query: HistoryQuery, fetched: Fetched) {
        let compacted = self.compaction.compacted();
        let part = if (query.from.0 as i64) < compacted {
            HistoryPart::Compacted(Revision(compacted as u64))
        } else {
            match read_history(&self.shards, &query, &fetched) {
                Ok((events, complete_to)) => HistoryPart::Events(events, complete_to),
                Err(cold) => return self.fetch(cold, fetched, Then::History(from, query)),
            }
        };
        self.mail(from, Mail::HistoryDone(query.id, part));
    }

    pub(super) fn handle_history(&mut self, id: HistoryId, part: HistoryPart) {
        let Some(gathered) = self.watches.histories.get_mut(&id) else { return };
        gathered.add(part);
        if gathered.missing == 0
            && let Some(gathered) = self.watches.histories.remove(&id)
        {
            self.hub.handle_history(id, gathered.answer());
        }
    }
}

impl Gathered {
    fn add(&mut self, part: HistoryPart) {
        self.missing -= 1;
        match part {
            HistoryPart::Events(events, complete_to) => {
                self.events.extend(events);
                self.complete_to = self.complete_to.min(complete_to);
            }
            HistoryPart::Compacted(left) => self.other = Some(HistoryAnswer::Compacted(left)),
            HistoryPart::Failed(error) => self.other = Some(HistoryAnswer::Failed(error)),
        }
    }

    fn answer(mut self) -> HistoryAnswer {
        if let Some(other) = self.other {
            return other;
        }
        let complete_to = self.complete_to;
        self.events.retain(|(_, event)| event.kv.mod_revision <= complete_to);
        self.events.sort_by_key(|(sub, event)| (event.kv.mod_revision, *sub));
        let events = self.events.into_iter().map(|(_, event)| event).collect();
        HistoryAnswer::Chunk { events, complete_to }
    }
}

/// Events with their places in their writes, and the revision up to which they are complete.
type ReadEvents = (Vec<(u32, Event)>, Revision);

/// The events of all shards of this core, as far as all of them are within the bounds.
fn read_history(
    shards: &Shards,
    query: &HistoryQuery,
    fetched: &Fetched,
) -> Result<ReadEvents, Vec<ColdValue>> {
    let mut reading = Reading { query, fetched, events: Vec::new(), cold: Vec::new() };
    let mut complete_to = query.upto;
    for shard in shards.iter() {
        complete_to = complete_to.min(reading.read(shard.index(), complete_to));
    }
    if reading.cold.is_empty() { Ok((reading.events, complete_to)) } else { Err(reading.cold) }
}

struct Reading<'a> {
    query: &'a HistoryQuery,
    fetched: &'a Fetched,
    events: Vec<(u32, Event)>,
    cold: Vec<ColdValue>,
}

impl Reading<'_> {
    /// Reads one shard's events up to `upto`; up to which revision they are complete.
    fn read(&mut self, index: &crate::index::Index, upto: Revision) -> Revision {
        let (mut count, mut bytes, mut last) = (0, 0, Revision::default());
        let mut complete_to = upto;
        let query = self.query;
        index.changes_in(&query.interval, query.from, upto, &mut |change| {
            let full = count >= query.max_events || bytes >= query.max_bytes;
            if full && change.revision > last {
                complete_to = last;
                return false;
            }
            count += 1;
            bytes += change.key.len() + change.found.map_or(0, |found| found.value.len as usize);
            last = change.revision;
            self.take(&change);
            true
        });
        complete_to
    }

    fn take(&mut self, change: &ChangeRef<'_>) {
        let key = Bytes::copy_from_slice(change.key);
        let created = change.found.is_some_and(|f| f.meta.create_revision == change.revision);
        let prev = change.prev.filter(|_| self.query.wants_prev && !created);
        let kv = match &change.found {
            Some(found) => self.pair(key.clone(), found),
            None => KeyValue::tombstone(key.clone(), change.revision),
        };
        let prev_kv = prev.map(|found| self.pair(key, &found));
        let deleted = change.found.is_none();
        self.events.push((change.sub, Event { deleted, kv, prev_kv }));
    }

    fn pair(&mut self, key: Bytes, found: &Found<'_>) -> KeyValue {
        let stored = &found.value;
        let value = match (stored.len, stored.bytes, self.fetched.get(&stored.location)) {
            (0, ..) => Bytes::new(),
            (_, Some(bytes), _) => Bytes::copy_from_slice(bytes),
            (_, None, Some(bytes)) => bytes.clone(),
            (_, None, None) => {
                let (location, len, crc) = (stored.location, stored.len, stored.crc);
                self.cold.push(ColdValue { location, len, crc });
                Bytes::new()
            }
        };
        KeyValue::new(key, value, found.meta)
    }
}
