//! Progress once faults stop, for members of several cores.
//!
//! Their cores may look at the counter for ever, so not every order leads anywhere: from a state, the
//! cluster is led through one fair schedule without further faults: whoever has lost a group notices,
//! tails are committed, somebody leads everything, decides an epoch, and writes to every shard. In the
//! end all of that must have been seen from outside.

use crate::cores::Step;
use crate::log::{Change, Group, Groups, Member};
use crate::model::{Action, Protocol};
use crate::state::State;

/// More steps than any completion needs: a step of each kind for each entry and group.
const STEPS_MAX: usize = 200;

impl Protocol {
    /// Whether the cluster works again from this state on when nothing fails any more.
    #[must_use]
    pub fn recovers(&self, state: &State) -> bool {
        let mut state = state.clone();
        let control = state.log(Group::CONTROL);
        let leader = control.leader;
        if !state.leads(leader, Group::CONTROL) {
            let kept = control.tail();
            self.apply(&mut state, Action::Elect(leader, kept));
        }
        self.settle(&mut state, leader) && self.serves(&mut state, leader)
    }

    fn serves(&self, state: &mut State, leader: Member) -> bool {
        let shards: Vec<Group> = state.groups().skip(1).collect();
        let seen = state.last_seen().0 + shards.len() as u64;
        for parts in shards.into_iter().map(Groups::one) {
            self.apply(
                state,
                Action::Write { member: leader, change: Change::Put, parts, reached: parts },
            );
        }
        self.settle(state, leader) && state.last_seen().0 >= seen
    }

    /// Takes helpful steps until there is none. Returns whether that ends well.
    fn settle(&self, state: &mut State, leader: Member) -> bool {
        for _ in 0..STEPS_MAX {
            let Some(step) = self.helpful(state, leader) else {
                return state.fault.is_none() && state.member(leader).reign.is_some();
            };
            self.apply(state, step);
        }
        false
    }

    fn helpful(&self, state: &State, leader: Member) -> Option<Action> {
        let mut enabled = vec![];
        for group in state.groups() {
            self.group_actions(state, group, &mut enabled);
        }
        self.core_actions(state, leader, &mut enabled);
        let helping = enabled.into_iter().filter(|action| helps(action, leader));
        let next =
            helping.min_by_key(|action| matches!(action, Action::Core(_, step) if is_idle(*step)));
        next.or_else(|| self.towards_reign(state, leader))
    }

    fn towards_reign(&self, state: &State, leader: Member) -> Option<Action> {
        let of = state.member(leader);
        if of.reign.is_some() {
            return None;
        }
        let missing = state.groups().find(|group| of.roles[group.at()] == 0);
        let lead = missing.map(|group| Action::Lead(leader, group, state.log(group).tail()));
        let plan = self.may_plan(state, leader).then_some(Action::Plan(leader));
        lead.or_else(|| of.plan.as_ref().map(|_| Action::Propose(leader))).or(plan)
    }
}

fn helps(action: &Action, leader: Member) -> bool {
    match *action {
        Action::Notice(member, _) | Action::Barrier(member, _) => member == leader,
        Action::Core(_, step) => step != Step::CloseGates,
        Action::Commit(_) => true,
        _ => false,
    }
}

/// Steps that a core can repeat for ever come last: a fair schedule lets the others through.
fn is_idle(step: Step) -> bool {
    matches!(step, Step::ReadCounter(_) | Step::Observe)
}
