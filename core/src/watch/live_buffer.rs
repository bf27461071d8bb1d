//! Live events around the watermark: those that wait for it, and those just delivered.

use std::collections::{BTreeMap, VecDeque};

use braid_storage::ids::Revision;

use super::messages::LiveEvent;
use super::size;

/// Committed events above the watermark, from all cores, in the order of history.
pub(super) struct Pending {
    events: BTreeMap<(Revision, u32), LiveEvent>,
    bytes: usize,
    limit_bytes: usize,
}

impl Pending {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { events: BTreeMap::new(), bytes: 0, limit_bytes }
    }

    pub(super) fn insert(&mut self, live: LiveEvent) {
        self.bytes += size::in_memory(&live.event);
        if let Some(twin) = self.events.insert((live.revision, live.sub), live) {
            self.bytes -= size::in_memory(&twin.event);
        }
    }

    /// Takes out the event furthest ahead while there are too many bytes.
    pub(super) fn pop_overflow(&mut self) -> Option<LiveEvent> {
        if self.bytes <= self.limit_bytes {
            return None;
        }
        self.events.pop_last().map(|(_, live)| self.discount(live))
    }

    /// Takes out the first event when the watermark has reached it.
    pub(super) fn pop_upto(&mut self, watermark: Revision) -> Option<LiveEvent> {
        let first = self.events.first_entry().filter(|first| first.key().0 <= watermark)?;
        let live = first.remove();
        Some(self.discount(live))
    }

    /// The lowest revision that waits.
    pub(super) fn first(&self) -> Option<Revision> {
        self.events.first_key_value().map(|((revision, _), _)| *revision)
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    fn discount(&mut self, live: LiveEvent) -> LiveEvent {
        self.bytes -= size::in_memory(&live.event);
        live
    }
}

/// The events delivered last, in the order of history: who comes up from the history to the
/// present under constant load takes its last step from here.
pub(super) struct Recent {
    events: VecDeque<LiveEvent>,
    bytes: usize,
    limit_bytes: usize,
    /// Every event handed in at or above this revision, and delivered, is here.
    floor: Revision,
}

impl Recent {
    pub(super) fn new(limit_bytes: usize, floor: Revision) -> Self {
        Self { events: VecDeque::new(), bytes: 0, limit_bytes, floor }
    }

    pub(super) fn push(&mut self, live: LiveEvent) {
        self.bytes += size::in_memory(&live.event);
        self.events.push_back(live);
        while self.bytes > self.limit_bytes
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes -= size::in_memory(&oldest.event);
            self.floor = oldest.revision.next();
        }
    }

    /// Whether no event from `revision` on has been forgotten.
    pub(super) fn reaches_back_to(&self, revision: Revision) -> bool {
        self.floor <= revision
    }

    /// The events from `revision` on.
    pub(super) fn since(&self, revision: Revision) -> impl Iterator<Item = &LiveEvent> {
        let first = self.events.partition_point(|live| live.revision < revision);
        self.events.range(first..)
    }
}
