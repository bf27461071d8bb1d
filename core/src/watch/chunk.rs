//! Events cut into the responses that carry them, once for all watchers who are told the same.

use std::sync::Arc;

use braid_storage::ids::Revision;
use braid_storage::planted::{Bug, planted};

use super::messages::LiveEvent;
use super::size;
use super::watcher::Options;
use crate::api::Event;

/// The events of one response, at least one of them.
#[derive(Clone)]
pub(super) struct Chunk {
    pub(super) events: Arc<[Event]>,
    /// As [`size::in_memory`] counts.
    pub(super) bytes: usize,
}

impl Chunk {
    pub(super) fn of(events: &[Event]) -> Self {
        Self { events: events.into(), bytes: events.iter().map(size::in_memory).sum() }
    }

    /// The revision of its first event.
    pub(super) fn first(&self) -> Revision {
        self.events.first().map(|event| event.kv.mod_revision).unwrap_or_default()
    }
}

/// What a watcher is told of some events.
pub(super) struct Shaped {
    /// In the order of history.
    pub(super) chunks: Vec<Chunk>,
    /// The first revision of which only the history has all that it must be told.
    pub(super) rest_from: Option<Revision>,
}

impl Shaped {
    /// Of events from the history, for a watcher with these `options`.
    pub(super) fn past(events: &[Event], options: Options, limit_bytes: usize) -> Self {
        let told = events.iter().filter(|event| options.pass(event));
        Self { chunks: cut(told.map(|event| options.shape(event)), limit_bytes), rest_from: None }
    }

    /// Of live `events`, in order.
    pub(super) fn live<'a>(
        events: impl Iterator<Item = &'a LiveEvent> + Clone,
        options: Options,
        limit_bytes: usize,
    ) -> Self {
        let wanted = events.filter(|live| options.pass(&live.event));
        let rest = wanted.clone().find(|live| options.need_history(live));
        let rest_from = rest.map(|live| live.revision);
        let told = wanted.take_while(|live| rest_from.is_none_or(|rest| live.revision < rest));
        let chunks = cut(told.map(|live| options.shape(&live.event)), limit_bytes);
        Self { chunks, rest_from }
    }
}

/// Cuts events between revisions, each time that at least `limit_bytes` have come together.
fn cut(events: impl Iterator<Item = Event>, limit_bytes: usize) -> Vec<Chunk> {
    let mut cutter = Cutter { limit_bytes, chunks: Vec::new(), open: Vec::new(), open_bytes: 0 };
    for event in events {
        if planted(Bug::DuplicateEvent) {
            cutter.push(event.clone());
        }
        cutter.push(event);
    }
    cutter.close();
    cutter.chunks
}

struct Cutter {
    limit_bytes: usize,
    chunks: Vec<Chunk>,
    /// The events of the next chunk.
    open: Vec<Event>,
    open_bytes: usize,
}

impl Cutter {
    fn push(&mut self, event: Event) {
        if self.ends_before(&event) {
            self.close();
        }
        self.open_bytes += size::in_memory(&event);
        self.open.push(event);
    }

    fn ends_before(&self, event: &Event) -> bool {
        let Some(last) = self.open.last() else { return false };
        if last.kv.mod_revision == event.kv.mod_revision {
            return planted(Bug::SplitEvents);
        }
        self.open_bytes >= self.limit_bytes
    }

    fn close(&mut self) {
        let (events, bytes) =
            (std::mem::take(&mut self.open), std::mem::take(&mut self.open_bytes));
        if !events.is_empty() {
            self.chunks.push(Chunk { events: events.into(), bytes });
        }
    }
}
