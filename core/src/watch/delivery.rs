//! From events to responses in the queues of streams.

use std::sync::Arc;

use braid_storage::ids::Revision;

use super::chunk::{Chunk, Shaped};
use super::fragment;
use super::hub::WatchHub;
use super::messages::WatchOutput;
use super::stream::Stream;
use super::watcher::WatcherKey;
use crate::api::{Event, WatchResponse};
use crate::port::StreamId;

impl WatchHub {
    /// Puts events from the history, or from recent ones, into a watcher's responses; `after` is
    /// the revision that follows the ones they cover. Stops early when the stream is full.
    pub(super) fn feed(&mut self, key: WatcherKey, events: &[Event], after: Revision) {
        let options = self.watchers[key.0].options;
        let shaped = Shaped::past(events, options, self.config.chunk_bytes());
        let next = self.deliver(key, &shaped).unwrap_or(after);
        self.catch_up_from(key, next);
    }

    /// A watcher goes on from `revision` by catching up.
    pub(super) fn catch_up_from(&mut self, key: WatcherKey, revision: Revision) {
        self.watchers[key.0].next = revision;
        self.make_ready(key);
    }

    /// Queues what a watcher is told. Returns the first revision that it was not told, if it must
    /// go on by catching up.
    pub(super) fn deliver(&mut self, key: WatcherKey, shaped: &Shaped) -> Option<Revision> {
        for chunk in &shaped.chunks {
            if !self.join_last(key, chunk) {
                if self.is_full(key) {
                    return Some(chunk.first());
                }
                self.send(key, chunk);
            }
            self.events_total += chunk.events.len() as u64;
            self.watchers[key.0].quiet = false;
        }
        shaped.rest_from
    }

    /// Adds a watcher to the response that was queued last, if that tells the same to its stream.
    fn join_last(&mut self, key: WatcherKey, chunk: &Chunk) -> bool {
        let watcher = &self.watchers[key.0];
        let Some(WatchOutput::Respond(id, last)) = self.outputs.back_mut() else { return false };
        let same = *id == watcher.stream && Arc::ptr_eq(&last.response.events, &chunk.events);
        if !same || watcher.options.fragment {
            return false;
        }
        last.others.push(watcher.id);
        if let Some(stream) = self.streams.get_mut(id) {
            self.queued_bytes += stream.charge_watcher();
        }
        true
    }

    /// Queues a response, or its fragments, for a watcher.
    fn send(&mut self, key: WatcherKey, chunk: &Chunk) {
        let watcher = &self.watchers[key.0];
        let (id, watch_id) = (watcher.stream, watcher.id);
        if !watcher.options.fragment {
            return self.queue(id, chunk.clone(), watch_id, false);
        }
        let mut pieces = fragment::split(chunk, self.config.fragment_bytes).into_iter().peekable();
        while let Some(piece) = pieces.next() {
            self.queue(id, piece, watch_id, pieces.peek().is_some());
        }
    }

    fn queue(&mut self, id: StreamId, chunk: Chunk, watch_id: i64, fragment: bool) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        self.queued_bytes += stream.charge(chunk.bytes);
        let (revision, events) = (self.delivered, chunk.events);
        let response =
            WatchResponse { revision, watch_id, fragment, events, ..WatchResponse::default() };
        self.emit(WatchOutput::Respond(id, response.into()));
    }

    /// Whether the stream of a watcher takes no more events.
    pub(super) fn is_full(&self, key: WatcherKey) -> bool {
        let stream = self.streams.get(&self.watchers[key.0].stream);
        stream.is_some_and(|stream| self.is_stream_full(stream))
    }

    /// A stream without anything waiting is never full: a full one is sure to be read again.
    pub(super) fn is_stream_full(&self, stream: &Stream) -> bool {
        let bytes = stream.bytes();
        bytes >= self.config.stream_bytes
            || (bytes > 0 && self.queued_bytes >= self.config.hub_bytes)
    }
}
