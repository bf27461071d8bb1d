//! Events on their way from this core's shards to the cores that watch.

use std::collections::HashMap;

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use super::Core;
use super::mail::Mail;
use crate::interval::Interval;
use crate::limits::EVENT_BYTES_IN_FLIGHT_MAX;
use crate::shard::Interested;
use crate::watch::{InterestId, IntervalIndex, LiveEvent};

/// Who watches this core's keys, and what waits to be sent to them.
pub(super) struct Events {
    receivers: Vec<Receiver>,
}

#[derive(Default)]
struct Receiver {
    intervals: IntervalIndex,
    registered: HashMap<InterestId, Interval>,
    /// Committed events that leave with the next commit.
    unsent: Vec<LiveEvent>,
    /// Bytes sent and not yet taken.
    bytes_in_flight: usize,
}

impl Events {
    pub(super) fn new(cores: u16) -> Self {
        Self { receivers: (0..cores).map(|_| Receiver::default()).collect() }
    }

    /// The cores that watch `key`.
    pub(super) fn interested(&self, key: &[u8]) -> Interested {
        let mut interested = Interested::default();
        for (core, receiver) in self.receivers.iter().enumerate() {
            if receiver.intervals.contains(key) {
                interested.insert(core as u16);
            }
        }
        interested
    }

    /// These events are committed.
    pub(super) fn committed(&mut self, events: Vec<(Interested, LiveEvent)>) {
        for (interested, event) in events {
            if planted(Bug::DropEvent) {
                continue;
            }
            for core in interested.cores() {
                self.receivers[usize::from(core)].unsent.push(event.clone());
            }
        }
    }

    /// A receiver has taken so many bytes.
    pub(super) fn taken(&mut self, from: CoreId, bytes: usize) {
        let in_flight = &mut self.receivers[usize::from(from.0)].bytes_in_flight;
        *in_flight = in_flight.saturating_sub(bytes);
    }

    pub(super) fn unregister(&mut self, from: CoreId, interest: InterestId) {
        let receiver = &mut self.receivers[usize::from(from.0)];
        if let Some(interval) = receiver.registered.remove(&interest) {
            receiver.intervals.remove(&interval);
        }
    }

    fn register(&mut self, from: CoreId, interest: InterestId, interval: Interval) {
        let receiver = &mut self.receivers[usize::from(from.0)];
        receiver.intervals.insert(&interval, interest);
        receiver.registered.insert(interest, interval);
    }
}

impl Core {
    pub(super) fn handle_register(
        &mut self,
        from: CoreId,
        interest: InterestId,
        interval: Interval,
    ) {
        self.events.register(from, interest, interval);
        // Writes evaluated before now made no events for it.
        let live_from = self.shards.last_taken().next();
        self.mail(from, Mail::Registered(interest, live_from));
    }

    /// Sends what was committed, each core its part. Returns whether any of it went to another
    /// core: the commit may only be published once that has arrived.
    pub(super) fn send_events(&mut self) -> bool {
        let mut left = false;
        for core in (0..self.routing.cores()).map(CoreId) {
            let receiver = &mut self.events.receivers[usize::from(core.0)];
            let events = std::mem::take(&mut receiver.unsent);
            let Some(last) = events.iter().map(|event| event.revision).max() else { continue };
            if core == self.id {
                self.hub.handle_live(events);
                continue;
            }
            left = true;
            self.send_events_to(core, last, events);
        }
        left
    }

    fn send_events_to(&mut self, core: CoreId, last: Revision, events: Vec<LiveEvent>) {
        let bytes = events.iter().map(LiveEvent::size).sum();
        let receiver = &mut self.events.receivers[usize::from(core.0)];
        if receiver.bytes_in_flight + bytes > EVENT_BYTES_IN_FLIGHT_MAX {
            return self.mail(core, Mail::EventsLost(last));
        }
        receiver.bytes_in_flight += bytes;
        self.mail(core, Mail::Events(events, bytes));
    }

    pub(super) fn handle_events(&mut self, from: CoreId, events: Vec<LiveEvent>, bytes: usize) {
        self.hub.handle_live(events);
        self.mail(from, Mail::EventsTaken(bytes));
    }
}
