//! Progress once faults stop, in whatever order things then happen.
//!
//! From any state on there may be no more faults: nobody dies, no append fails, nobody else is
//! elected, and who was deposed wins nothing back. What is left to do then happens in any order,
//! for the search goes through all of them. Each way must come to an end within a bounded number
//! of steps, and there the leader has decided an epoch and written to every shard, and all of it
//! was seen.
//!
//! Not for members of several cores, whose cores may look at the counter for ever:
//! `progress.rs` leads them through one fair schedule.

use crate::log::{Change, Group, Groups, Member};
use crate::model::{Action, Protocol};
use crate::state::State;

/// More steps than any way takes: a step of each kind for each entry and group.
const STEPS_MAX: u8 = 40;

/// There are no more faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calm {
    /// Steps after which the end must have been reached.
    pub steps_left: u8,
    /// Shards that were written to since.
    pub written: Groups,
}

impl Protocol {
    fn looks_for_calm(&self) -> bool {
        self.progress && self.bounds.cores == 1
    }

    /// Faults stop. A control group that nobody leads gets its leader back, with any part of its
    /// tail.
    pub(crate) fn stop_actions(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.looks_for_calm() {
            return;
        }
        let control = state.log(Group::CONTROL);
        let led = state.leads(control.leader, Group::CONTROL);
        let tail = if led { 0 } else { control.tail() };
        actions.extend((0..=tail).map(Action::FaultsStop));
    }

    pub(crate) fn stop_faults(&self, state: &mut State, kept: u8) {
        let leader = state.log(Group::CONTROL).leader;
        if !state.leads(leader, Group::CONTROL) {
            self.apply(state, Action::Elect(leader, kept));
        }
        state.calm = Some(Calm { steps_left: STEPS_MAX, written: Groups::default() });
    }

    /// What happens without faults.
    pub(crate) fn calm_actions(&self, state: &State, calm: Calm, actions: &mut Vec<Action>) {
        let leader = state.log(Group::CONTROL).leader;
        let mut of_groups = vec![];
        for group in state.groups() {
            self.group_actions(state, group, &mut of_groups);
        }
        actions.extend(of_groups.into_iter().filter(|action| helps(*action, leader)));
        self.towards_leading(state, leader, actions);
        if state.member(leader).reign.is_some()
            && state.groups().all(|group| state.leads(leader, group))
        {
            let missing = state.groups().skip(1).filter(|shard| !calm.written.has(*shard));
            actions.extend(missing.map(Groups::one).map(|parts| Action::Write {
                member: leader,
                change: Change::Put,
                parts,
                reached: parts,
            }));
        }
    }

    /// Any part of a shard's tail may survive that its group gets a leader.
    fn towards_leading(&self, state: &State, leader: Member, actions: &mut Vec<Action>) {
        let of = state.member(leader);
        for group in state.groups().skip(1).filter(|group| of.roles[group.at()] == 0) {
            let tail = state.log(group).tail();
            actions.extend((0..=tail).map(|kept| Action::Lead(leader, group, kept)));
        }
        if self.may_plan(state, leader) {
            actions.push(Action::Plan(leader));
        }
        if of.plan.is_some() && self.leads_all(state, leader) {
            actions.push(Action::Propose(leader));
        }
    }

    /// Whether the way from where faults stopped leads to its end.
    pub(crate) fn is_on_its_way(&self, state: &State) -> bool {
        let Some(calm) = state.calm.filter(|_| state.fault.is_none()) else { return true };
        let mut actions = vec![];
        self.calm_actions(state, calm, &mut actions);
        if !actions.is_empty() {
            return calm.steps_left > 0;
        }
        let leader = state.member(state.log(Group::CONTROL).leader);
        let shows_all = |reign: &crate::state::Reign| reign.sequencing.counter == state.last_seen();
        let written = state.groups().skip(1).all(|shard| calm.written.has(shard));
        written && leader.reign.as_ref().is_some_and(shows_all)
    }
}

impl Calm {
    /// One step without a fault.
    pub(crate) fn step(&mut self, action: Action) {
        self.steps_left = self.steps_left.saturating_sub(1);
        if let Action::Write { parts, .. } = action {
            self.written.0 |= parts.0;
        }
    }
}

fn helps(action: Action, leader: Member) -> bool {
    match action {
        Action::Notice(member, _) | Action::Barrier(member, _) => member == leader,
        Action::Commit(_) => true,
        _ => false,
    }
}
