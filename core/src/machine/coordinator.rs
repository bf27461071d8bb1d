//! Writes that span cores, and the ends of leases: one coordinator, on core 0, takes them in
//! rounds.
//!
//! A round closes the gates of the cores that take part, all at once, learns what they hold,
//! evaluates every write that had queued up (`round.rs`), and hands out the parts. One coordinator
//! and one round at a time: no deadlock, and first come, first served.
//!
//! The coordinator's own cell covers each revision from before it is taken until every core that
//! takes part has answered [`Mail::Covered`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use braid_storage::ids::{CoreId, LeaseId, Revision};

use super::Core;
use super::collect::{Collected, Need};
use super::mail::{Collect, Mail, Parts, ReplyTo, RoundId, TaskId};
use super::round::Round;
use super::txn_reads::historical_needs;
use super::writes::WriteRequest;
use crate::evaluate::{Fetched, State};

/// A write for the coordinator.
pub(super) struct MultiWrite {
    pub(super) to: ReplyTo,
    pub(super) request: MultiRequest,
    pub(super) fetched: Fetched,
    /// It gets a round of its own: in one with others there was too much to tell.
    pub(super) alone: bool,
}

/// What the coordinator evaluates.
pub(super) enum MultiRequest {
    Write(WriteRequest),
    Revoke(LeaseId),
}

/// The coordinator's queue and its round.
#[derive(Default)]
pub(super) struct Coordinator {
    pub(super) queue: VecDeque<MultiWrite>,
    /// Writes that name a lease whose end is under way.
    pub(super) parked: Vec<MultiWrite>,
    pub(super) round: Option<Round>,
    last_round: u64,
    /// Revisions of past rounds that some core does not cover yet.
    uncovered: BTreeMap<RoundId, Uncovered>,
}

struct Uncovered {
    missing: usize,
    revisions: Vec<Revision>,
}

impl MultiWrite {
    pub(super) fn new(to: ReplyTo, request: MultiRequest) -> Self {
        Self { to, request, fetched: Fetched::default(), alone: false }
    }
}

impl Coordinator {
    /// How many writes wait for a round, or for the end of a lease.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.parked.len()
    }

    /// Puts writes back, to be evaluated before those that wait.
    pub(super) fn put_back(&mut self, writes: impl DoubleEndedIterator<Item = MultiWrite>) {
        for write in writes.rev() {
            self.queue.push_front(write);
        }
    }

    /// The writes of the next round, `max` at most.
    fn next_writes(&mut self, max: usize) -> VecDeque<MultiWrite> {
        let together = self.queue.iter().take(max).take_while(|write| !write.alone);
        let size = together.count().max(1).min(self.queue.len());
        self.queue.drain(..size).collect()
    }
}

impl Core {
    /// Queues a write that spans cores.
    pub(super) fn coordinate(&mut self, to: ReplyTo, request: MultiRequest) {
        if let Some(control) = &mut self.control {
            control.coordinator.queue.push_back(MultiWrite::new(to, request));
        }
    }

    /// Queues a write again whose values have been read.
    pub(super) fn coordinate_again(&mut self, write: MultiWrite, fetched: Fetched) {
        if let Some(control) = &mut self.control {
            control.coordinator.queue.push_back(MultiWrite { fetched, ..write });
        }
    }

    /// Writes that name a lease whose end was under way are evaluated again.
    pub(super) fn unpark_coordinator(&mut self) {
        if let Some(control) = &mut self.control {
            let parked = std::mem::take(&mut control.coordinator.parked);
            control.coordinator.put_back(parked.into_iter());
        }
    }

    /// Goes on with the round that is being evaluated, or begins one if there is work and none
    /// under way. Returns whether there is more to evaluate at once.
    pub(super) fn run_coordinator(&mut self) -> bool {
        let serving = self.epoch.0 > 0;
        let Some(control) = &mut self.control else { return false };
        let coordinator = &mut control.coordinator;
        match &coordinator.round {
            Some(round) if round.is_collected() => return self.evaluate_round(),
            None if serving && !coordinator.queue.is_empty() => {
                let writes = coordinator.next_writes(self.config.limits.round_writes);
                self.begin_round(writes);
            }
            _ => {}
        }
        false
    }

    fn begin_round(&mut self, writes: VecDeque<MultiWrite>) {
        let state = self.read_state();
        let mut needs = Vec::new();
        let mut leases = Vec::new();
        for write in &writes {
            match &write.request {
                MultiRequest::Revoke(lease) => leases.push(*lease),
                MultiRequest::Write(request) => needs.extend(all_needs(request, &state)),
            }
        }
        // Several clients may revoke one lease in the same round: its keys are asked for once.
        leases.sort_unstable();
        leases.dedup();
        let cores = self.cores_of(&needs, !leases.is_empty());
        let task = self.new_task();
        for core in &cores {
            let (needs, leases) = (needs.clone(), leases.clone());
            self.mail(*core, Mail::Collect(Collect { task, close_gate: true, needs, leases }));
        }
        if let Some(control) = &mut self.control {
            control.coordinator.round = Some(Round::new(task, writes, needs, cores, state));
        }
    }

    fn cores_of(&self, needs: &[Need], all: bool) -> BTreeSet<CoreId> {
        if all || needs.iter().any(|need| !need.interval.is_single()) {
            return self.routing.owning_cores().collect();
        }
        needs.iter().map(|need| self.routing.core_of_key(&need.interval.start)).collect()
    }

    /// One core has told a part of what it holds: for a round, or for a transaction that only
    /// reads.
    pub(super) fn handle_collected(&mut self, from: CoreId, task: TaskId, collected: Collected) {
        let ended = collected.end.is_some();
        let wanted = self.take_collected(task, collected);
        if !ended {
            self.mail(from, Mail::CollectOn(task, wanted));
        }
    }

    /// Returns whether the next part is wanted.
    fn take_collected(&mut self, task: TaskId, collected: Collected) -> bool {
        let round = self.control.as_mut().and_then(|control| control.coordinator.round.as_mut());
        match round {
            Some(round) if round.task == task => {
                round.add(collected);
                if round.is_collected() {
                    self.evaluate_round();
                }
                true
            }
            _ => self.take_gathered(task, collected),
        }
    }

    /// Gives each core its part of an evaluated round, which opens its gate.
    pub(super) fn hand_out(&mut self, round: Round) {
        let (cores, outcomes) = round.finish();
        let mut parts = outcomes.parts;
        let Some(control) = &mut self.control else { return };
        control.coordinator.last_round += 1;
        let round = RoundId(control.coordinator.last_round);
        let uncovered = Uncovered { missing: cores.len(), revisions: outcomes.revisions };
        control.coordinator.uncovered.insert(round, uncovered);
        for core in cores {
            let writes = parts.remove(&core).unwrap_or_default();
            let closed_leases = outcomes.closed_leases.clone();
            self.mail(core, Mail::Parts(Parts { round, writes, closed_leases }));
        }
        assert!(parts.is_empty(), "a write changed keys of a core whose gate is open");
    }

    /// One core covers the revisions of a round; after the last one the coordinator lets go.
    pub(super) fn handle_covered(&mut self, round: RoundId) {
        let Some(control) = &mut self.control else { return };
        let Some(uncovered) = control.coordinator.uncovered.get_mut(&round) else { return };
        uncovered.missing -= 1;
        if uncovered.missing > 0 {
            return;
        }
        if let Some(Uncovered { revisions, .. }) = control.coordinator.uncovered.remove(&round) {
            for revision in revisions {
                self.sequencer.committed(revision);
            }
            self.publish_commit();
        }
    }
}

fn all_needs(request: &WriteRequest, state: &State) -> Vec<Need> {
    let values = !matches!(request, WriteRequest::DeleteRange(delete) if !delete.prev_kv);
    let newest = |interval| Need { interval, at: None, values };
    let mut needs: Vec<Need> = request.intervals().into_iter().map(newest).collect();
    if let WriteRequest::Txn(txn) = request {
        needs.extend(historical_needs(txn, state));
    }
    needs
}
