//! Writes that span cores, and the ends of leases: one coordinator, on core 0, takes them in
//! rounds.
//!
//! A round closes the gates of the cores that take part, all at once, learns what they hold,
//! evaluates every write that had queued up, and hands out the parts. One coordinator and one
//! round at a time: no deadlock, and first come, first served.
//!
//! The coordinator's own cell covers each revision from before it is taken until every core that
//! takes part has answered [`Mail::Covered`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use braid_storage::ids::{CoreId, GroupId, LeaseId, Revision};

use super::Core;
use super::collect::{Collected, CollectedView, Need};
use super::fetch::Then;
use super::mail::{Collect, Mail, Part, Parts, ReplyTo, RoundId, TaskId};
use super::planned::{Change, Planned, plan};
use super::txn_reads::historical_needs;
use super::writes::{PendingWrite, WriteRequest, leases_named};
use crate::error::Error;
use crate::evaluate::{Fetched, PlannedAction, PlannedChange, State, Stop};
use crate::limits::ROUND_WRITES_MAX;

/// A write for the coordinator.
pub(super) struct MultiWrite {
    pub(super) to: ReplyTo,
    pub(super) request: MultiRequest,
    fetched: Fetched,
}

/// What the coordinator evaluates.
pub(super) enum MultiRequest {
    Write(WriteRequest),
    Revoke(LeaseId),
}

/// The coordinator's queue and its round.
#[derive(Default)]
pub(super) struct Coordinator {
    queue: VecDeque<MultiWrite>,
    /// Writes that name a lease whose end is under way.
    parked: Vec<MultiWrite>,
    round: Option<Round>,
    last_round: u64,
    /// Revisions of past rounds that some core does not cover yet.
    uncovered: BTreeMap<RoundId, Uncovered>,
}

struct Round {
    task: TaskId,
    writes: Vec<MultiWrite>,
    needs: Vec<Need>,
    cores: BTreeSet<CoreId>,
    missing: usize,
    /// What was readable when the round began: older revisions were collected by it.
    state: State,
    view: CollectedView,
}

struct Uncovered {
    missing: usize,
    revisions: Vec<Revision>,
}

/// What a round hands out.
#[derive(Default)]
struct Outcomes {
    parts: BTreeMap<CoreId, Vec<Part>>,
    revisions: Vec<Revision>,
    closed_leases: Vec<LeaseId>,
}

impl Coordinator {
    fn parked_too_long(&mut self) {
        for write in std::mem::take(&mut self.parked).into_iter().rev() {
            self.queue.push_front(write);
        }
    }
}

impl Core {
    /// Queues a write that spans cores.
    pub(super) fn coordinate(&mut self, to: ReplyTo, request: MultiRequest) {
        let write = MultiWrite { to, request, fetched: Fetched::default() };
        if let Some(control) = &mut self.control {
            control.coordinator.queue.push_back(write);
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
            control.coordinator.parked_too_long();
        }
    }

    /// Begins a round if there is work and none under way. Returns `false`: a round goes on by
    /// mail.
    pub(super) fn run_coordinator(&mut self) -> bool {
        let serving = self.epoch.0 > 0;
        let Some(control) = &mut self.control else { return false };
        let coordinator = &mut control.coordinator;
        if !serving || coordinator.round.is_some() || coordinator.queue.is_empty() {
            return false;
        }
        let size = coordinator.queue.len().min(ROUND_WRITES_MAX);
        let writes = coordinator.queue.drain(..size).collect();
        self.begin_round(writes);
        false
    }

    fn begin_round(&mut self, writes: Vec<MultiWrite>) {
        let state = self.read_state();
        let mut needs = Vec::new();
        let mut leases = Vec::new();
        for write in &writes {
            match &write.request {
                MultiRequest::Revoke(lease) => leases.push(*lease),
                MultiRequest::Write(request) => needs.extend(all_needs(request, &state)),
            }
        }
        let cores = self.cores_of(&needs, !leases.is_empty());
        let task = self.new_task();
        for core in &cores {
            let (needs, leases) = (needs.clone(), leases.clone());
            self.mail(*core, Mail::Collect(Collect { task, close_gate: true, needs, leases }));
        }
        let missing = cores.len();
        let view = CollectedView::default();
        if let Some(control) = &mut self.control {
            control.coordinator.round =
                Some(Round { task, writes, needs, cores, missing, state, view });
        }
    }

    fn cores_of(&self, needs: &[Need], all: bool) -> BTreeSet<CoreId> {
        if all || needs.iter().any(|need| !need.interval.is_single()) {
            return self.routing.owning_cores().collect();
        }
        needs.iter().map(|need| self.routing.core_of_key(&need.interval.start)).collect()
    }

    /// One core has told what it holds: for a round, or for a transaction that only reads.
    pub(super) fn handle_collected(&mut self, task: TaskId, collected: Collected) {
        let round = self.control.as_mut().and_then(|control| control.coordinator.round.as_mut());
        match round {
            Some(round) if round.task == task => {
                round.view.add(&round.needs, collected);
                round.missing -= 1;
                if round.missing == 0 {
                    self.finish_round();
                }
            }
            _ => self.take_gathered(task, collected),
        }
    }

    fn finish_round(&mut self) {
        let Some(control) = &mut self.control else { return };
        let Some(round) = control.coordinator.round.take() else { return };
        let Round { writes, mut view, cores, state, .. } = round;
        let mut outcomes = Outcomes::default();
        for write in writes {
            self.evaluate_multi(write, &state, &mut view, &mut outcomes);
        }
        self.hand_out(&cores, outcomes);
    }

    fn evaluate_multi(
        &mut self,
        write: MultiWrite,
        state: &State,
        view: &mut CollectedView,
        outcomes: &mut Outcomes,
    ) {
        match write.request {
            MultiRequest::Revoke(lease) => self.revoke(write.to, lease, view, outcomes),
            MultiRequest::Write(request) => {
                let MultiWrite { to, fetched, .. } = write;
                let write = PendingWrite { to, request, fetched };
                self.evaluate_spanning(write, state, view, outcomes);
            }
        }
    }

    fn evaluate_spanning(
        &mut self,
        write: PendingWrite,
        state: &State,
        view: &mut CollectedView,
        outcomes: &mut Outcomes,
    ) {
        let closing = |lease: &LeaseId| {
            self.leases.is_closing(*lease) || outcomes.closed_leases.contains(lease)
        };
        if leases_named(&write.request).iter().any(closing) {
            return self.park_multi(write);
        }
        let bound = view.last_taken().max(self.applied);
        let state = State { current: bound, ..*state };
        let lives = |lease: LeaseId| self.leases.lives(lease);
        let planned = match plan(view, &write, &state, &lives) {
            Ok(Planned::Nothing(response)) => Err(Ok(response)),
            Err(Stop::Error(error)) => Err(Err(error)),
            Err(Stop::Cold(values)) => return self.fetch_for_multi(write, values),
            Ok(Planned::Change(change)) => Ok(change),
        };
        match planned {
            Ok(change) => self.carry_out_spanning(write.to, change, view, outcomes),
            Err(answer) => self.waiters.hold(bound, write.to, answer),
        }
    }

    fn carry_out_spanning(
        &mut self,
        to: ReplyTo,
        change: Change<'_>,
        view: &mut CollectedView,
        outcomes: &mut Outcomes,
    ) {
        // The part that is taken here is the hold until all cores cover the revision.
        let revision = self.sequencer.take(1);
        let (changes, response) = change.execute(view, revision);
        view.apply(revision, &changes);
        self.split_parts(revision, changes, &[], outcomes);
        self.waiters.hold(revision, to, Ok(response));
    }

    /// Ends a lease: its keys and the lease go at one revision; without keys the control group
    /// alone decides.
    fn revoke(
        &mut self,
        to: ReplyTo,
        lease: LeaseId,
        view: &mut CollectedView,
        outcomes: &mut Outcomes,
    ) {
        let closing = self.leases.is_closing(lease) || outcomes.closed_leases.contains(&lease);
        if closing {
            return self.park_revoke(to, lease);
        }
        if !self.leases.lives(lease) {
            let bound = view.last_taken().max(self.applied);
            return self.waiters.hold(bound, to, Err(Error::LeaseNotFound));
        }
        outcomes.closed_leases.push(lease);
        let keys = view.attached(lease);
        if keys.is_empty() {
            return self.propose_revoke(to, lease, view.last_taken());
        }
        let delete = |(sub, key): (usize, Vec<u8>)| PlannedChange {
            sub: sub as u32,
            key: key.into(),
            action: PlannedAction::Delete,
        };
        let changes: Vec<PlannedChange> = keys.into_iter().enumerate().map(delete).collect();
        let revision = self.sequencer.take(1);
        view.apply(revision, &changes);
        let participants = self.split_parts(revision, changes, &[GroupId::CONTROL], outcomes);
        self.propose_revoke_record(to, lease, revision, participants);
    }

    fn park_multi(&mut self, write: PendingWrite) {
        let PendingWrite { to, request, fetched } = write;
        let write = MultiWrite { to, request: MultiRequest::Write(request), fetched };
        if let Some(control) = &mut self.control {
            control.coordinator.parked.push(write);
        }
    }

    fn park_revoke(&mut self, to: ReplyTo, lease: LeaseId) {
        let request = MultiRequest::Revoke(lease);
        if let Some(control) = &mut self.control {
            let fetched = Fetched::default();
            control.coordinator.parked.push(MultiWrite { to, request, fetched });
        }
    }

    fn fetch_for_multi(&mut self, write: PendingWrite, values: Vec<crate::version::ColdValue>) {
        let PendingWrite { to, request, fetched } = write;
        let request = MultiRequest::Write(request);
        let again = MultiWrite { to, request, fetched: Fetched::default() };
        self.fetch(values, fetched, Then::Coordinate(again));
    }

    /// Sorts changes by the core that owns their keys. Returns all groups that take part.
    fn split_parts(
        &self,
        revision: Revision,
        changes: Vec<PlannedChange>,
        beside: &[GroupId],
        outcomes: &mut Outcomes,
    ) -> Vec<GroupId> {
        let shards = changes.iter().map(|change| self.routing.shard_of(&change.key));
        let participants: BTreeSet<GroupId> = shards.chain(beside.iter().copied()).collect();
        let participants: Vec<GroupId> = participants.into_iter().collect();
        let mut by_core: BTreeMap<CoreId, Vec<PlannedChange>> = BTreeMap::new();
        for change in changes {
            by_core.entry(self.routing.core_of_key(&change.key)).or_default().push(change);
        }
        for (core, changes) in by_core {
            let part = Part { revision, participants: participants.clone(), changes };
            outcomes.parts.entry(core).or_default().push(part);
        }
        outcomes.revisions.push(revision);
        participants
    }

    fn hand_out(&mut self, cores: &BTreeSet<CoreId>, outcomes: Outcomes) {
        let Outcomes { mut parts, revisions, closed_leases } = outcomes;
        let Some(control) = &mut self.control else { return };
        control.coordinator.last_round += 1;
        let round = RoundId(control.coordinator.last_round);
        let uncovered = Uncovered { missing: cores.len(), revisions };
        control.coordinator.uncovered.insert(round, uncovered);
        for core in cores {
            let writes = parts.remove(core).unwrap_or_default();
            let closed_leases = closed_leases.clone();
            self.mail(*core, Mail::Parts(Parts { round, writes, closed_leases }));
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
    let newest = |interval| Need { interval, at: None };
    let mut needs: Vec<Need> = request.intervals().into_iter().map(newest).collect();
    if let WriteRequest::Txn(txn) = request {
        needs.extend(historical_needs(txn, state));
    }
    needs
}
