//! The evaluation of a round: every write against what the cores have told, in slices.
//!
//! Between two slices the gates stay closed, so what was told stays true; the revisions that are
//! taken already hold the watermark back until the round is handed out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use braid_storage::ids::{CoreId, GroupId, LeaseId, Revision};

use super::Core;
use super::collect::{Collected, End, Need};
use super::collected_view::CollectedView;
use super::coordinator::{MultiRequest, MultiWrite};
use super::fetch::Then;
use super::mail::{Part, ReplyTo, TaskId};
use super::planned::{Change, Planned, plan};
use super::spanning_delete::SpanningDelete;
use super::writes::{PendingWrite, leases_named};
use crate::error::Error;
use crate::evaluate::{PlannedAction, PlannedChange, State, Stop};
use crate::routing::Routing;

/// A round under way.
pub(super) struct Round {
    pub(super) task: TaskId,
    writes: VecDeque<MultiWrite>,
    needs: Vec<Need>,
    cores: BTreeSet<CoreId>,
    /// Cores that have not told everything.
    missing: usize,
    /// Some core has left out what was too much.
    too_large: bool,
    /// What was readable when the round began: older revisions were collected by it.
    state: State,
    pub(super) view: CollectedView,
    pub(super) outcomes: Outcomes,
    /// The delete that is being evaluated.
    pub(super) deleting: Option<SpanningDelete>,
}

/// What a round hands out.
#[derive(Default)]
pub(super) struct Outcomes {
    pub(super) parts: BTreeMap<CoreId, Vec<Part>>,
    pub(super) revisions: Vec<Revision>,
    pub(super) closed_leases: Vec<LeaseId>,
}

/// The changes of one write, sorted by the core that owns their keys.
#[derive(Default)]
pub(super) struct Split {
    by_core: BTreeMap<CoreId, Vec<PlannedChange>>,
    participants: BTreeSet<GroupId>,
}

impl Round {
    pub(super) fn new(
        task: TaskId,
        writes: VecDeque<MultiWrite>,
        needs: Vec<Need>,
        cores: BTreeSet<CoreId>,
        state: State,
    ) -> Self {
        Self {
            task,
            writes,
            needs,
            missing: cores.len(),
            cores,
            too_large: false,
            state,
            view: CollectedView::default(),
            outcomes: Outcomes::default(),
            deleting: None,
        }
    }

    /// A core has told a part of what it holds.
    pub(super) fn add(&mut self, collected: Collected) {
        self.missing -= usize::from(collected.end.is_some());
        self.too_large |= collected.end == Some(End::TooLarge);
        self.view.add(&self.needs, collected);
        self.state.compact(self.view.trimmed_to());
    }

    /// Whether all cores have told everything.
    pub(super) fn is_collected(&self) -> bool {
        self.missing == 0
    }

    /// The cores that wait for their parts, and what they get.
    pub(super) fn finish(self) -> (BTreeSet<CoreId>, Outcomes) {
        (self.cores, self.outcomes)
    }
}

impl Split {
    pub(super) fn add(&mut self, routing: &Routing, change: PlannedChange) {
        let shard = routing.shard_of(&change.key);
        self.participants.insert(shard);
        self.by_core.entry(routing.core_of(shard)).or_default().push(change);
    }

    /// Adds the parts of the write at `revision` to `outcomes`; `beside` are groups that take part
    /// without keys. Returns all groups that take part.
    pub(super) fn finish(
        mut self,
        revision: Revision,
        beside: &[GroupId],
        outcomes: &mut Outcomes,
    ) -> Vec<GroupId> {
        self.participants.extend(beside);
        let participants: Vec<GroupId> = self.participants.into_iter().collect();
        for (core, changes) in self.by_core {
            let part = Part { revision, participants: participants.clone(), changes };
            outcomes.parts.entry(core).or_default().push(part);
        }
        outcomes.revisions.push(revision);
        participants
    }
}

impl Core {
    /// Evaluates writes of the round, as many as a step may, and hands out the outcome after the
    /// last one. Returns whether some are left.
    pub(super) fn evaluate_round(&mut self) -> bool {
        let Some(control) = &mut self.control else { return false };
        let Some(mut round) = control.coordinator.round.take() else { return false };
        if round.too_large {
            self.break_up(&mut round);
        }
        let mut budget = self.config.limits.evaluations_per_step;
        while budget > 0 {
            let Some(cost) = self.evaluate_next(&mut round, budget) else {
                self.hand_out(round);
                return false;
            };
            budget = budget.saturating_sub(cost);
        }
        if let Some(control) = &mut self.control {
            control.coordinator.round = Some(round);
        }
        true
    }

    /// Evaluates a write, or at most `budget` keys of a delete; what it costs. `None`: none is left.
    fn evaluate_next(&mut self, round: &mut Round, budget: usize) -> Option<usize> {
        if let Some(delete) = round.deleting.take() {
            return Some(self.delete_on(delete, round, budget));
        }
        let MultiWrite { to, request, fetched, .. } = round.writes.pop_front()?;
        match request {
            MultiRequest::Revoke(lease) => {
                self.revoke(to, lease, round);
                Some(1)
            }
            MultiRequest::Write(request) => {
                let cost = request.cost();
                self.evaluate_spanning(PendingWrite { to, request, fetched }, round);
                Some(cost)
            }
        }
    }

    /// There was more to tell than one round may hold: each write gets a round of its own, and one
    /// that had it is refused.
    fn break_up(&mut self, round: &mut Round) {
        let writes = std::mem::take(&mut round.writes);
        if let Some(MultiWrite { to, alone: true, .. }) = writes.front() {
            return self.reply(*to, Err(Error::RequestTooLarge));
        }
        let Some(control) = &mut self.control else { return };
        let alone = writes.into_iter().map(|write| MultiWrite { alone: true, ..write });
        control.coordinator.put_back(alone);
    }

    fn evaluate_spanning(&mut self, write: PendingWrite, round: &mut Round) {
        let closing = |lease: &LeaseId| {
            self.leases.is_closing(*lease) || round.outcomes.closed_leases.contains(lease)
        };
        if leases_named(&write.request).iter().any(closing) {
            return self.park_multi(write);
        }
        if self.begin_spanning_delete(&write, round) {
            return;
        }
        let bound = round.view.last_taken().max(self.applied);
        let state = State { current: bound, ..round.state };
        let lives = |lease: LeaseId| self.leases.lives(lease);
        let planned = match plan(&round.view, &write, &state, &lives) {
            Ok(Planned::Nothing(response)) => Err(Ok(response)),
            Err(Stop::Error(error)) => Err(Err(error)),
            Err(Stop::Cold(values)) => return self.fetch_for_multi(write, values),
            Ok(Planned::Change(change)) => Ok(change),
        };
        match planned {
            Ok(change) => self.carry_out_spanning(write.to, change, round),
            Err(answer) => self.waiters.hold(bound, write.to, answer),
        }
    }

    fn carry_out_spanning(&mut self, to: ReplyTo, change: Change<'_>, round: &mut Round) {
        // The part that is taken here is the hold until all cores cover the revision.
        let revision = self.sequencer.take(1);
        let (changes, response) = change.execute(&round.view, revision);
        round.view.apply(revision, &changes);
        self.split_parts(revision, changes, &[], &mut round.outcomes);
        self.waiters.hold(revision, to, Ok(response));
    }

    /// Ends a lease: its keys and the lease go at one revision; without keys the control group
    /// alone decides. In one piece, since a lease closes for all its keys at once; each of them was
    /// attached by a put of its own.
    fn revoke(&mut self, to: ReplyTo, lease: LeaseId, round: &mut Round) {
        let Round { view, outcomes, .. } = round;
        let closing = self.leases.is_closing(lease) || outcomes.closed_leases.contains(&lease);
        if closing {
            return self.park(MultiWrite::new(to, MultiRequest::Revoke(lease)));
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
        self.park(MultiWrite { fetched, ..MultiWrite::new(to, MultiRequest::Write(request)) });
    }

    fn park(&mut self, write: MultiWrite) {
        if let Some(control) = &mut self.control {
            control.coordinator.parked.push(write);
        }
    }

    fn fetch_for_multi(&mut self, write: PendingWrite, values: Vec<crate::version::ColdValue>) {
        let PendingWrite { to, request, fetched } = write;
        let again = MultiWrite::new(to, MultiRequest::Write(request));
        self.fetch(values, fetched, Then::Coordinate(again));
    }

    fn split_parts(
        &self,
        revision: Revision,
        changes: Vec<PlannedChange>,
        beside: &[GroupId],
        outcomes: &mut Outcomes,
    ) -> Vec<GroupId> {
        let mut split = Split::default();
        changes.into_iter().for_each(|change| split.add(&self.routing, change));
        split.finish(revision, beside, outcomes)
    }
}
