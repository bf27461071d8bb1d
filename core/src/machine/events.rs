//! Events on their way from this core's shards to the cores that watch.

use std::collections::HashMap;

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use super::Core;
use super::mail::Mail;
use crate::interval::Interval;
use crate::limits::Limits;
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
    /// Mails with events, or about lost ones, that are not yet taken.
    mails_in_flight: usize,
    /// Events up to this revision were told to be lost.
    lost_upto: Revision,
    /// By how much the last such mail ran ahead.
    lost_ahead: u64,
}

impl Events {
    pub(super) fn new(cores: u16) -> Self {
        Self { receivers: (0..cores).map(|_| Receiver::default()).collect() }
    }

    /// The most mails, and bytes, that are on their way to one core.
    pub(super) fn most_in_flight(&self) -> (usize, usize) {
        let mails = self.receivers.iter().map(|receiver| receiver.mails_in_flight).max();
        let bytes = self.receivers.iter().map(|receiver| receiver.bytes_in_flight).max();
        (mails.unwrap_or(0), bytes.unwrap_or(0))
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

    /// A receiver has taken a mail with so many bytes.
    pub(super) fn taken(&mut self, from: CoreId, bytes: usize) {
        let receiver = &mut self.receivers[usize::from(from.0)];
        receiver.bytes_in_flight = receiver.bytes_in_flight.saturating_sub(bytes);
        receiver.mails_in_flight = receiver.mails_in_flight.saturating_sub(1);
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

impl Receiver {
    /// The mail for committed events, the last of them at `last`; none when they are known to be
    /// lost already.
    fn mail(
        &mut self,
        last: Revision,
        mut events: Vec<LiveEvent>,
        limits: &Limits,
    ) -> Option<Mail> {
        events.retain(|event| event.revision > self.lost_upto);
        if events.is_empty() {
            return None;
        }
        let bytes = events.iter().map(LiveEvent::size).sum();
        let full = self.bytes_in_flight + bytes > limits.event_bytes
            || self.mails_in_flight >= limits.event_mails;
        let mail = if full { self.lose(last) } else { Mail::Events(events, bytes) };
        self.bytes_in_flight += if full { 0 } else { bytes };
        self.mails_in_flight += 1;
        Some(mail)
    }

    /// Tells that events are lost. As long as the receiver takes nothing, twice as far ahead each
    /// time: so few of these mails wait, however long that is.
    fn lose(&mut self, last: Revision) -> Mail {
        let waiting = self.mails_in_flight > 0;
        self.lost_ahead = if waiting { (2 * self.lost_ahead).max(1) } else { 0 };
        self.lost_upto = Revision(last.0.saturating_add(self.lost_ahead));
        Mail::EventsLost(self.lost_upto)
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
        // Writes evaluated before now made no events for it, and some to come are lost already.
        let lost_upto = self.events.receivers[usize::from(from.0)].lost_upto;
        let live_from = self.shards.last_taken().max(lost_upto).next();
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
            if let Some(mail) = receiver.mail(last, events, &self.config.limits) {
                left = true;
                self.mail(core, mail);
            }
        }
        left
    }

    pub(super) fn handle_events_lost(&mut self, from: CoreId, upto: Revision) {
        self.hub.handle_lost(upto);
        self.mail(from, Mail::EventsTaken(0));
    }

    pub(super) fn handle_events(&mut self, from: CoreId, events: Vec<LiveEvent>, bytes: usize) {
        self.hub.handle_live(events);
        self.mail(from, Mail::EventsTaken(bytes));
    }
}
