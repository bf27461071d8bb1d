//! From events to responses: dealing live events out, gathering, and queueing.

use braid_storage::ids::Revision;
use braid_storage::planted::{Bug, planted};

use super::fragment;
use super::hub::WatchHub;
use super::messages::{LiveEvent, WatchOutput};
use super::size;
use super::stream::Stream;
use super::watcher::{Stage, WatcherKey};
use crate::api::{Event, WatchResponse};

impl WatchHub {
    /// A live event for a watcher, if it wants it and is synced.
    pub(super) fn deliver_live(&mut self, key: WatcherKey, live: &LiveEvent) {
        let watcher = &self.watchers[key.0];
        let wanted = watcher.stage == Stage::Synced
            && watcher.next <= live.revision
            && watcher.options.pass(&live.event);
        if wanted && (watcher.options.need_history(live) || !self.gather(key, &live.event)) {
            self.fall_behind(key, live.revision);
        }
    }

    /// A synced watcher goes on from `revision` by catching up. What it gathered of that
    /// revision is dropped, or the revision would be split.
    fn fall_behind(&mut self, key: WatcherKey, revision: Revision) {
        let watcher = &mut self.watchers[key.0];
        watcher.next = revision;
        let dropped = watcher.batch.cut(revision);
        if let Some(stream) = self.streams.get_mut(&watcher.stream) {
            stream.gathered_bytes -= dropped;
            self.queued_bytes -= dropped;
        }
        self.make_ready(key);
    }

    /// Puts events from the history, or from recent ones, into a watcher's responses; `after` is
    /// the revision that follows the ones they cover. Stops early when the stream is full.
    pub(super) fn feed(&mut self, key: WatcherKey, events: &[Event], after: Revision) {
        let touched = self.touched.len();
        let refused = events
            .iter()
            .find(|event| self.watchers[key.0].options.pass(event) && !self.gather(key, event));
        let after = refused.map_or(after, |event| event.kv.mod_revision);
        self.watchers[key.0].next = after;
        // Others are left alone: a dealing may be in the middle of a revision.
        self.touched.truncate(touched);
        self.flush(key);
        self.make_ready(key);
    }

    /// Adds an event to a watcher's next response. `false`, and nothing done, when it begins a
    /// revision and the stream is full.
    fn gather(&mut self, key: WatcherKey, event: &Event) -> bool {
        let watcher = &self.watchers[key.0];
        if watcher.batch.begins_revision(event) {
            if self.is_full(key) {
                return false;
            }
            if watcher.batch.bytes >= self.config.response_bytes {
                self.flush(key);
            }
        } else if planted(Bug::SplitEvents) {
            self.flush(key);
        }
        let watcher = &mut self.watchers[key.0];
        if watcher.batch.events.is_empty() {
            self.touched.push(key);
        }
        let mut bytes = watcher.batch.push(watcher.options.shape(event));
        if planted(Bug::DuplicateEvent) {
            bytes += watcher.batch.push(watcher.options.shape(event));
        }
        if let Some(stream) = self.streams.get_mut(&watcher.stream) {
            stream.gathered_bytes += bytes;
            self.queued_bytes += bytes;
        }
        true
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

    /// Queues what was gathered for a watcher, if it is still there.
    pub(super) fn flush(&mut self, key: WatcherKey) {
        let Some(watcher) = self.watchers.get_mut(key.0) else { return };
        let batch = std::mem::take(&mut watcher.batch);
        if batch.events.is_empty() {
            return;
        }
        watcher.quiet = false;
        self.events_total += batch.events.len() as u64;
        let (stream_id, watch_id) = (watcher.stream, watcher.id);
        let pieces = if watcher.options.fragment {
            fragment::split(batch.events, self.config.fragment_bytes)
        } else {
            vec![batch.events]
        };
        let Some(stream) = self.streams.get_mut(&stream_id) else { return };
        stream.gathered_bytes -= batch.bytes;
        self.queued_bytes -= batch.bytes;
        let mut pieces = pieces.into_iter().peekable();
        while let Some(events) = pieces.next() {
            self.queued_bytes += stream.charge(events.iter().map(size::in_memory).sum());
            let response = WatchResponse {
                revision: self.delivered,
                watch_id,
                fragment: pieces.peek().is_some(),
                events,
                ..WatchResponse::default()
            };
            self.outputs.push_back(WatchOutput::Respond(stream_id, response));
        }
    }
}
