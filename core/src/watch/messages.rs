//! What goes into the watch hub and what comes out of it.

use braid_storage::ids::Revision;

use crate::api::{Event, WatchResponses};
use crate::error::Error;
use crate::interval::Interval;
use crate::port::StreamId;

/// Names an interval that the hub wants live events of. Never reused by its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterestId(pub u64);

/// Names a question to the history. Never reused by its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HistoryId(pub u64);

/// What the owner of a key knows of the pair before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prev {
    /// There was none: the change created the key.
    None,
    /// It is in memory: `event.prev_kv` has it.
    Resident,
    /// It is on disk only: whoever wants it asks the history.
    Cold,
}

/// A committed change on its way from the shard that owns the key.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// The write's revision; the same as `event.kv.mod_revision`.
    pub revision: Revision,
    /// The change's place inside its write, over all shards.
    pub sub: u32,
    /// The change, with `prev_kv` whenever that is in memory.
    pub event: Event,
    /// What `event.prev_kv` means.
    pub prev: Prev,
}

impl LiveEvent {
    /// Bytes that the event takes in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        super::size::in_memory(&self.event)
    }
}

/// The answer to [`WatchOutput::History`].
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryAnswer {
    /// All events of the interval from the first revision asked for up to `complete_to`,
    /// ordered by revision and place. Every revision is whole, and there is at least one:
    /// `complete_to` is not below the first revision asked for.
    Chunk {
        /// The events.
        events: Vec<Event>,
        /// The last revision that they cover; not above the last one asked for.
        complete_to: Revision,
    },
    /// The first revision asked for is gone; this is the first one that is left.
    Compacted(Revision),
    /// The history cannot be read.
    Failed(Error),
}

/// What the hub wants done. Nothing may be reordered.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchOutput {
    /// Append to a stream's queue; `handle_taken` tells when it left.
    Respond(StreamId, WatchResponses),
    /// Have all owners of keys in `interval` send their events; answer with
    /// `handle_registered` once all of them have agreed. An owner agrees from the revision
    /// after the last one that it committed, whether or not that is visible.
    Register {
        /// The name for it.
        interest: InterestId,
        /// The keys.
        interval: Interval,
    },
    /// The events of this interest are not needed any more.
    Unregister {
        /// As in `Register`.
        interest: InterestId,
    },
    /// Read events from the history; answer every one of these with `handle_history`.
    History(HistoryQuery),
    /// End a stream; the hub has forgotten it.
    EndStream(StreamId, Error),
}

/// A question to the history of all shards.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryQuery {
    /// The name for it.
    pub id: HistoryId,
    /// The keys.
    pub interval: Interval,
    /// The first revision wanted.
    pub from: Revision,
    /// The last revision wanted; it is committed.
    pub upto: Revision,
    /// Whether the events need their previous pairs.
    pub wants_prev: bool,
    /// Stop before a revision once this many events are there.
    pub max_events: usize,
    /// Stop before a revision once the events have this many bytes.
    pub max_bytes: usize,
}

/// Figures for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchStats {
    /// Open streams.
    pub streams: usize,
    /// Watchers on them.
    pub watchers: usize,
    /// Watchers that are behind and being fed from history.
    pub slow_watchers: usize,
    /// Live events that wait for the watermark.
    pub pending_events: usize,
    /// Bytes of responses that the front-ends have not taken yet.
    pub queued_bytes: usize,
    /// Events sent to watchers since the start.
    pub events_total: u64,
}
