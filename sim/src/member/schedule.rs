//! What happens when, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use braid_core::ids::{CoreId, SegmentId};
use braid_core::machine::ReadId;
use braid_core::version::ColdValue;
use braid_storage::segment::SegmentHeader;

/// Something that will happen.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A core goes on.
    Turn(CoreId),
    /// A core's deadline.
    Alarm(CoreId),
    /// A write is synced.
    Written(CoreId, u64, SegmentId),
    /// A segment is made, if there is room; whether there was none before.
    Prepare(CoreId, SegmentHeader, bool),
    /// A value is read.
    Read(CoreId, ReadId, ColdValue),
}

/// Events by time; those of one moment in the order in which they were planned, or the other way
/// round.
pub(super) struct Schedule {
    events: BinaryHeap<Reverse<Planned>>,
    planned: i64,
    newest_first: bool,
}

struct Planned {
    at: Duration,
    number: i64,
    event: Event,
}

impl Schedule {
    pub(super) fn new(newest_first: bool) -> Self {
        Self { events: BinaryHeap::new(), planned: 0, newest_first }
    }

    pub(super) fn plan(&mut self, at: Duration, event: Event) {
        self.planned += 1;
        let number = if self.newest_first { -self.planned } else { self.planned };
        self.events.push(Reverse(Planned { at, number, event }));
    }

    pub(super) fn next(&mut self) -> Option<(Duration, Event)> {
        self.events.pop().map(|Reverse(Planned { at, event, .. })| (at, event))
    }

    pub(super) fn next_at(&self) -> Option<Duration> {
        self.events.peek().map(|Reverse(planned)| planned.at)
    }
}

impl Planned {
    fn key(&self) -> (Duration, i64) {
        (self.at, self.number)
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
