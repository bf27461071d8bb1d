//! The hub: its state, its way in and its way out.

use std::collections::VecDeque;
use std::time::Duration;

use braid_storage::ids::Revision;
use foldhash::HashMap;
use slab::Slab;

use super::catch_up::CatchUp;
use super::config::WatchConfig;
use super::dealing::Dealing;
use super::interest::{Interests, Sharer};
use super::live_buffer::{Pending, Recent};
use super::messages::{HistoryAnswer, HistoryId, InterestId, LiveEvent, WatchOutput, WatchStats};
use super::progress::Progress;
use super::stream::Stream;
use super::watcher::{Stage, Watcher, WatcherKey};
use crate::api::{WatchRequest, WatchResponse};
use crate::error::Error;
use crate::port::StreamId;

/// The watch streams of one core.
///
/// A state machine: inputs come by the `handle_*` methods, and after each of them (or a few)
/// [`Self::work`] does what they ask for, a piece at a time, and [`Self::poll_output`] is called
/// until it has nothing more.
pub struct WatchHub {
    pub(super) config: WatchConfig,
    /// Every event up to here has been handed in.
    pub(super) watermark: Revision,
    /// Every event up to here is dealt out, or is being dealt out now.
    pub(super) delivered: Revision,
    /// The dealing under way.
    pub(super) dealing: Option<Dealing>,
    /// Steps of watchers that are behind before the next dealing.
    pub(super) steps_owed: u32,
    /// History below this revision is gone.
    pub(super) compacted: Revision,
    pub(super) streams: HashMap<StreamId, Stream>,
    pub(super) watchers: Slab<Watcher>,
    pub(super) interests: Interests,
    pub(super) pending: Pending,
    pub(super) recent: Recent,
    pub(super) catch_up: CatchUp,
    pub(super) progress: Progress,
    /// Bytes of what waits on all streams.
    pub(super) queued_bytes: usize,
    pub(super) events_total: u64,
    pub(super) outputs: VecDeque<WatchOutput>,
}

impl WatchHub {
    /// A hub without streams.
    ///
    /// `seed` is for the spread of progress ticks. `watermark` is the revision up to which the
    /// past is only in the history; live events are expected above it.
    ///
    /// # Panics
    /// When a bound in `config` leaves no room for anything.
    #[must_use]
    pub fn new(config: WatchConfig, seed: u64, watermark: Revision) -> Self {
        assert!(config.stream_bytes > 0 && config.queries > 0, "no room to deliver: {config:?}");
        assert!(config.progress_interval > Duration::ZERO, "progress without end: {config:?}");
        Self {
            config,
            watermark,
            delivered: watermark,
            dealing: None,
            steps_owed: 0,
            compacted: Revision(0),
            streams: HashMap::default(),
            watchers: Slab::new(),
            interests: Interests::default(),
            pending: Pending::new(config.live_bytes),
            recent: Recent::new(config.recent_bytes, watermark.next()),
            catch_up: CatchUp::default(),
            progress: Progress::new(seed),
            queued_bytes: 0,
            events_total: 0,
            outputs: VecDeque::new(),
        }
    }

    /// A client opened a stream.
    pub fn handle_open(&mut self, stream: StreamId) {
        self.streams.entry(stream).or_default();
    }

    /// A stream is gone.
    pub fn handle_close(&mut self, stream: StreamId) {
        let Some(closed) = self.streams.remove(&stream) else { return };
        self.queued_bytes -= closed.bytes();
        self.progress.forget(stream, &closed);
        for key in closed.watchers.into_values() {
            self.remove_watcher(key);
        }
    }

    /// A message from the client. `current` is the watermark now, `compacted` the first revision
    /// that is left, if history has been compacted. A stream that the hub ended is ignored.
    pub fn handle_request(
        &mut self,
        now: Duration,
        stream: StreamId,
        request: WatchRequest,
        current: Revision,
        compacted: Option<Revision>,
    ) {
        self.handle_compacted(compacted.unwrap_or_default());
        if !self.streams.contains_key(&stream) {
            return;
        }
        match request {
            WatchRequest::Create(create) => self.create(now, stream, create, current),
            WatchRequest::Cancel { watch_id } => self.cancel(stream, watch_id, current),
            WatchRequest::Progress => self.ask_progress(stream, current),
        }
        if self.streams[&stream].responses() > self.config.stream_responses {
            self.handle_close(stream);
            self.emit(WatchOutput::EndStream(stream, Error::TooManyRequests));
        }
    }

    /// The front-end took what was queued first off the queue of `stream`.
    pub fn handle_taken(&mut self, stream: StreamId) {
        let Some(reader) = self.streams.get_mut(&stream) else { return };
        self.queued_bytes -= reader.discharge();
        if reader.bytes() <= self.config.stream_bytes / 2 {
            self.resume(stream);
        }
    }

    /// Committed events from the shards. They may be ahead of the watermark and come in any
    /// order; a revision that has been delivered is ignored.
    pub fn handle_live(&mut self, events: Vec<LiveEvent>) {
        for live in events {
            if live.revision > self.delivered {
                self.pending.insert(live);
            }
        }
        while let Some(dropped) = self.pending.pop_overflow() {
            for id in self.interests.find(&dropped.event.kv.key) {
                self.lose(id, dropped.revision);
            }
        }
    }

    /// Every event up to `watermark` has been handed in (or reported by [`Self::handle_lost`]).
    pub fn handle_advance(&mut self, watermark: Revision) {
        self.watermark = self.watermark.max(watermark);
    }

    /// Every owner of keys in the interest's interval sends the events from `live_from` on.
    pub fn handle_registered(&mut self, interest: InterestId, live_from: Revision) {
        if self.interests.registered(interest, live_from) {
            self.wake_registered(interest);
        }
    }

    /// The answer to a [`WatchOutput::History`].
    pub fn handle_history(&mut self, id: HistoryId, answer: HistoryAnswer) {
        self.take_history(id, answer);
    }

    /// Events above the delivered watermark, up to `revision`, may not have reached the hub (a
    /// mailbox was full): they are taken from the history. To be called before the watermark
    /// advances past the first of them.
    pub fn handle_lost(&mut self, revision: Revision) {
        if revision > self.delivered {
            for id in self.interests.ids() {
                self.lose(id, revision);
            }
        }
    }

    /// The epoch ended: live events above the watermark are void. To be called after the
    /// watermark has advanced to the epoch's base; registrations that are answered later say the
    /// revision after the base at most.
    pub fn handle_void(&mut self) {
        while self.dealing.is_some() || self.watermark > self.delivered {
            self.work(usize::MAX);
        }
        self.pending.clear();
        for interest in self.interests.iter_mut() {
            interest.forget_above(self.delivered);
        }
        self.wake_waiting_for_advance();
    }

    /// History below `revision` is gone. A watcher that is behind and would need it is canceled
    /// at its next step; one whose events are still at hand here is not.
    pub fn handle_compacted(&mut self, revision: Revision) {
        self.compacted = self.compacted.max(revision);
    }

    /// Sends the progress notifications that are due.
    pub fn handle_tick(&mut self, now: Duration) {
        self.notify_progress(now);
    }

    /// When [`Self::handle_tick`] has work next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.progress.next_due()
    }

    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<WatchOutput> {
        self.outputs.pop_front()
    }

    /// The revision that the watermark must reach before the hub has anything to do; whoever
    /// raises it past this should wake the hub's core.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Revision> {
        if self.catch_up.waits_for_advance() {
            return Some(self.delivered.next());
        }
        self.pending.first()
    }

    /// How many watchers there are.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }

    /// Figures about the hub. Walks over all streams.
    #[must_use]
    pub fn stats(&self) -> WatchStats {
        WatchStats {
            streams: self.streams.len(),
            watchers: self.watchers.len(),
            slow_watchers: self.streams.values().map(|stream| stream.behind).sum(),
            pending_events: self.pending.len(),
            queued_bytes: self.queued_bytes,
            events_total: self.events_total,
        }
    }

    pub(super) fn emit(&mut self, output: WatchOutput) {
        self.outputs.push_back(output);
    }

    /// Queues a response without events.
    pub(super) fn respond(&mut self, id: StreamId, response: WatchResponse) {
        if let Some(stream) = self.streams.get_mut(&id) {
            self.queued_bytes += stream.charge(0);
            self.emit(WatchOutput::Respond(id, response.into()));
        }
    }

    /// Forgets a watcher, wherever it waits. Progress that waited for it may be settled, but only
    /// after the client has been told.
    pub(super) fn remove_watcher(&mut self, key: WatcherKey) {
        self.leave_place(key);
        let gone = self.watchers.remove(key.0);
        if let Some(stream) = self.streams.get_mut(&gone.stream) {
            stream.watchers.remove(&gone.id);
            stream.behind -= usize::from(gone.stage != Stage::Synced);
            stream.fresh -= usize::from(gone.fresh);
        }
        if self.interests.leave(gone.interest, Sharer { stream: gone.stream, key }) {
            self.emit(WatchOutput::Unregister { interest: gone.interest });
        }
    }
}
