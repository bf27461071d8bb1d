//! Between this core's watch hub and the cores that own the keys.

use std::collections::BTreeMap;

use braid_storage::ids::{CoreId, Revision};

use super::history::Gathered;
use super::mail::Mail;
use super::{Core, Output};
use crate::api::WatchRequest;
use crate::interval::Interval;
use crate::port::StreamId;
use crate::watch::{HistoryId, InterestId, WatchOutput};

/// What this core's hub has asked of others.
#[derive(Default)]
pub(super) struct Watches {
    interests: BTreeMap<InterestId, Interest>,
    /// Registrations that wait until fewer are under way.
    unsent: BTreeMap<(InterestId, CoreId), Interval>,
    /// Registrations that are under way.
    registering: usize,
    pub(super) histories: BTreeMap<HistoryId, Gathered>,
}

impl Watches {
    /// Registrations under way.
    pub(super) fn registering(&self) -> usize {
        self.registering
    }
}

struct Interest {
    owners: Vec<CoreId>,
    missing: usize,
    /// From here on, all owners that have answered send their events.
    live_from: Revision,
}

impl Core {
    pub(super) fn handle_watch(&mut self, stream: StreamId, request: WatchRequest) {
        self.advance();
        let compacted = u64::try_from(self.compaction.compacted()).ok().map(Revision);
        self.hub.handle_request(self.now, stream, request, self.applied, compacted);
    }

    /// Tells the hub how far events are complete: as far as the watermark was before the mailboxes
    /// were emptied. A member with one core has no mailboxes.
    pub(super) fn advance_hub(&mut self) {
        let complete = if self.routing.cores() == 1 { self.applied } else { self.observed };
        self.hub.handle_advance(complete);
    }

    /// Whether events wait here that the watermark has passed since it was observed.
    pub(super) fn hub_is_behind(&self) -> bool {
        self.hub.waiting_for().is_some_and(|revision| revision <= self.applied)
    }

    /// Lets the hub work for a while and carries out what it wants. Returns whether it may have
    /// more to do.
    pub(super) fn run_hub(&mut self) -> bool {
        let more = self.hub.work(self.config.watch.work_per_step);
        while let Some(output) = self.hub.poll_output() {
            match output {
                WatchOutput::Respond(stream, response) => {
                    self.out.push_back(Output::Watch(stream, response));
                }
                WatchOutput::EndStream(stream, error) => {
                    self.out.push_back(Output::EndStream(stream, error));
                }
                WatchOutput::Register { interest, interval } => self.register(interest, &interval),
                WatchOutput::Unregister { interest } => self.unregister(interest),
                WatchOutput::History(query) => self.ask_history(query),
            }
        }
        more
    }

    /// The cores that own keys of `interval`.
    pub(super) fn owners(&self, interval: &Interval) -> Vec<CoreId> {
        if interval.is_single() {
            vec![self.routing.core_of_key(&interval.start)]
        } else {
            self.routing.owning_cores().collect()
        }
    }

    fn register(&mut self, interest: InterestId, interval: &Interval) {
        let owners = self.owners(interval);
        for owner in &owners {
            self.watches.unsent.insert((interest, *owner), interval.clone());
        }
        let (missing, live_from) = (owners.len(), Revision::default());
        self.watches.interests.insert(interest, Interest { owners, missing, live_from });
        self.send_registrations();
    }

    fn send_registrations(&mut self) {
        while self.watches.registering < self.config.limits.registrations
            && let Some(((interest, owner), interval)) = self.watches.unsent.pop_first()
        {
            self.watches.registering += 1;
            self.mail(owner, Mail::Register(interest, interval));
        }
    }

    pub(super) fn handle_registered(&mut self, interest: InterestId, live_from: Revision) {
        self.watches.registering -= 1;
        self.send_registrations();
        let Some(known) = self.watches.interests.get_mut(&interest) else { return };
        known.live_from = known.live_from.max(live_from);
        known.missing -= 1;
        if known.missing == 0 {
            self.hub.handle_registered(interest, known.live_from);
        }
    }

    fn unregister(&mut self, interest: InterestId) {
        let Some(known) = self.watches.interests.remove(&interest) else { return };
        for owner in known.owners {
            // What was never sent need not be taken back.
            if self.watches.unsent.remove(&(interest, owner)).is_none() {
                self.mail(owner, Mail::Unregister(interest));
            }
        }
    }
}
