//! The bounds of a watch hub.

use std::time::Duration;

/// Bounds and intervals of one core's watch hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchConfig {
    /// A stream with this many bytes of responses waiting takes no more events: its watchers
    /// fall behind and are fed from history when half of it has been taken. One response may
    /// exceed it.
    pub stream_bytes: usize,
    /// With this many bytes waiting on all streams together, only streams without anything
    /// waiting take more.
    pub hub_bytes: usize,
    /// A stream that lets this many responses of any kind pile up is ended.
    pub stream_responses: usize,
    /// Watchers on one core; more are refused.
    pub watchers: usize,
    /// Revisions are gathered into one response up to this many bytes.
    pub response_bytes: usize,
    /// Responses of fragmenting watchers are split before they reach this many bytes.
    pub fragment_bytes: usize,
    /// Bytes of live events that may wait for the watermark.
    pub live_bytes: usize,
    /// Bytes of delivered live events kept for watchers that are almost there.
    pub recent_bytes: usize,
    /// History queries under way at once.
    pub queries: usize,
    /// Work of one step of the core: so many events, each for one watcher, or the like.
    pub work_per_step: usize,
    /// Events wanted by one history query.
    pub query_events: usize,
    /// How often a watcher with `progress_notify` is told how far it has come; each stream adds
    /// up to a tenth of it.
    pub progress_interval: Duration,
}

impl WatchConfig {
    /// Bytes of events after which a response ends: a stream that is almost full takes one more,
    /// which must not be many times what the stream may hold.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.response_bytes.min(self.stream_bytes)
    }
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            stream_bytes: 1 << 20,
            hub_bytes: 64 << 20,
            stream_responses: 1 << 16,
            watchers: 1 << 20,
            response_bytes: 256 << 10,
            fragment_bytes: 2 << 20,
            live_bytes: 16 << 20,
            recent_bytes: 4 << 20,
            queries: 64,
            work_per_step: 1024,
            query_events: 1000,
            progress_interval: Duration::from_secs(600),
        }
    }
}
