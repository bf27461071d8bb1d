//! Telling clients how far their watchers have come.
//!
//! A progress response says that every event up to its revision has been sent. It is queued
//! behind those events, and only for watchers that are synced.

use std::collections::BTreeSet;
use std::time::Duration;

use braid_storage::ids::Revision;
use braid_storage::planted::{Bug, planted};

use super::hub::WatchHub;
use super::requests::NO_WATCHER;
use super::stream::Stream;
use super::watcher::{Stage, Watcher};
use crate::api::WatchResponse;
use crate::port::StreamId;

/// The ticks of all streams, and who asked for progress.
pub(super) struct Progress {
    due: BTreeSet<(Duration, StreamId)>,
    /// Streams with a request that cannot be decided yet.
    asked: BTreeSet<StreamId>,
    random: u64,
}

impl Progress {
    pub(super) fn new(seed: u64) -> Self {
        Self { due: BTreeSet::new(), asked: BTreeSet::new(), random: seed }
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(super) fn forget(&mut self, id: StreamId, stream: &Stream) {
        self.asked.remove(&id);
        if let Some(due) = stream.progress_due {
            self.due.remove(&(due, id));
        }
    }

    /// The interval and up to a tenth more, so that streams opened together do not tick together.
    fn spread(&mut self, interval: Duration) -> Duration {
        // An odd step through all 64-bit numbers, mixed by the upper half (splitmix64's idea).
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let thousandth = (mixed >> 32) % 1000;
        interval + interval / 10_000 * thousandth as u32
    }
}

impl WatchHub {
    /// Starts a stream's ticks, unless they run.
    pub(super) fn start_progress(&mut self, now: Duration, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.progress_due.is_none() {
            stream.progress_period = self.progress.spread(self.config.progress_interval);
            let due = now + stream.progress_period;
            stream.progress_due = Some(due);
            self.progress.due.insert((due, id));
        }
    }

    /// Sends what is due; during a dealing it waits.
    pub(super) fn notify_progress(&mut self, now: Duration) {
        if self.dealing.is_some() {
            return;
        }
        while let Some((due, id)) =
            self.progress.due.first().copied().filter(|(due, _)| *due <= now)
        {
            self.progress.due.remove(&(due, id));
            self.notify_stream(id);
            if let Some(stream) = self.streams.get_mut(&id) {
                // Counted from now: ticks missed during a pause are not made up for.
                let next = now + stream.progress_period;
                stream.progress_due = Some(next);
                self.progress.due.insert((next, id));
            }
        }
    }

    /// One tick of a stream. A watcher that sent events since the last one is passed over: its
    /// client knows enough. So is a stream that is not being read.
    fn notify_stream(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get(&id) else { return };
        let has_room = !self.is_stream_full(stream);
        for key in stream.watchers.values().copied().collect::<Vec<_>>() {
            let watcher = &mut self.watchers[key.0];
            let was_quiet = std::mem::replace(&mut watcher.quiet, true);
            if watcher.options.progress_notify
                && was_quiet
                && has_room
                && is_done(watcher, self.delivered)
            {
                let response = progress(self.delivered, watcher.id);
                self.respond(id, response);
            }
        }
    }

    /// The client asks how far the stream has come; the answer is to include `current`.
    pub(super) fn ask_progress(&mut self, id: StreamId, current: Revision) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.progress_asked = stream.progress_asked.max(Some(current));
            self.progress.asked.insert(id);
            self.settle_progress(id);
        }
    }

    pub(super) fn settle_all_progress(&mut self) {
        for id in self.progress.asked.iter().copied().collect::<Vec<_>>() {
            self.settle_progress(id);
        }
    }

    /// Answers a stream's progress request, or decides that it gets no answer, as soon as the
    /// hub has come as far as the request. A watcher that began in the present and only
    /// waits for its registration counts as synced to its client, so it is waited for.
    pub(super) fn settle_progress(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let Some(asked) = stream.progress_asked else { return };
        if self.delivered < asked || self.dealing.is_some() || stream.fresh > 0 {
            return;
        }
        stream.progress_asked = None;
        self.progress.asked.remove(&id);
        let mut watchers = stream.watchers.values().map(|key| &self.watchers[key.0]);
        if !stream.watchers.is_empty() && watchers.all(|watcher| is_done(watcher, self.delivered)) {
            self.respond(id, progress(self.delivered, NO_WATCHER));
        }
    }
}

/// Whether a watcher has sent everything up to `delivered`, and that lies past its start.
fn is_done(watcher: &Watcher, delivered: Revision) -> bool {
    let synced = watcher.stage == Stage::Synced || planted(Bug::ProgressAheadOfEvents);
    synced && watcher.start <= delivered
}

fn progress(revision: Revision, watch_id: i64) -> WatchResponse {
    WatchResponse { revision, watch_id, ..WatchResponse::default() }
}
