//! The protocol as a model for the checker: its states, its steps, its properties.

use stateright::{Model, Property};

use crate::bounds::Bounds;
use crate::cores::Step;
use crate::log::{Change, Entry, Group, Groups, Member};
use crate::properties;
use crate::settings::SettingStep;
use crate::state::State;
use crate::trap::Trap;

/// The protocol at one size, with at most one planted bug.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// How far the search goes.
    pub bounds: Bounds,
    /// The planted bug.
    pub trap: Option<Trap>,
    /// Whether progress is checked from every state; that multiplies the time, and with one core the
    /// states.
    pub progress: bool,
}

/// One step of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A member dies and starts again.
    Crash(Member),
    /// There are no more faults; so many entries of the control group's tail survive if it has to
    /// get its leader back first.
    FaultsStop(u8),
    /// A member wins the control group; so many entries of the tail survive.
    Elect(Member, u8),
    /// A control leader wins a shard's group; so many entries of the tail survive.
    Lead(Member, Group, u8),
    /// A member learns that it has lost a group.
    Notice(Member, Group),
    /// A leader computes P.
    Plan(Member),
    /// A leader proposes its decision.
    Propose(Member),
    /// A leader sequences a write to `parts` and appends it to `reached`.
    Write {
        /// The leader.
        member: Member,
        /// What it does.
        change: Change,
        /// The groups that take part.
        parts: Groups,
        /// Those whose append succeeds.
        reached: Groups,
    },
    /// A leader begins a new epoch on its own account.
    GiveUp(Member),
    /// A leader that begins anew commits a barrier in a group that it leads.
    Barrier(Member, Group),
    /// The next entry of a group is committed, and its leader learns it.
    Commit(Group),
    /// A follower learns that the next entry is committed; or a leader that was deposed without
    /// knowing learns it of an entry of its own.
    Learn(Member, Group),
    /// A leader answers a keepalive.
    Keepalive(Member),
    /// A leader closes the lease, because its time is over or a client asks for it.
    CloseLease(Member),
    /// A leader ends the closed lease.
    EndLease(Member),
    /// A leader begins a message to a follower.
    Tell {
        /// The leader.
        leader: Member,
        /// The follower.
        to: Member,
    },
    /// A step of the change of settings.
    Setting(Member, SettingStep),
    /// A core of a leader takes a step of its own.
    Core(Member, Step),
    /// The message to this follower is completed.
    TellRest(Member),
    /// The follower acts on it.
    Apply(Member),
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::initial(&self.bounds)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.fault.is_some() {
            return;
        }
        if let Some(calm) = state.calm {
            return self.calm_actions(state, calm, actions);
        }
        for group in state.groups() {
            self.group_actions(state, group, actions);
        }
        self.stop_actions(state, actions);
        for member in (0..self.bounds.members).map(Member) {
            self.member_actions(state, member, actions);
            self.writes(state, member, actions);
            self.core_actions(state, member, actions);
            self.setting_actions(state, member, actions);
            self.lease_actions(state, member, actions);
            self.follower_actions(state, member, actions);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        next.calm.iter_mut().for_each(|calm| calm.step(action));
        self.apply(&mut next, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}

impl Protocol {
    /// Takes one step.
    pub fn apply(&self, state: &mut State, action: Action) {
        match action {
            Action::Crash(member) => self.crash(state, member),
            Action::FaultsStop(kept) => self.stop_faults(state, kept),
            Action::Elect(member, kept) => self.elect(state, member, kept),
            Action::Lead(member, group, kept) => self.lead(state, member, group, kept),
            Action::Notice(member, group) => self.notice(state, member, group),
            Action::Plan(member) => self.plan(state, member),
            Action::Propose(member) => self.propose(state, member),
            Action::Write { member, change, parts, reached } => {
                self.write(state, member, change, parts, reached)
            }
            Action::GiveUp(member) => {
                state.failures += 1;
                self.give_up_reign(state, member);
            }
            Action::Barrier(member, group) => self.barrier(state, member, group),
            Action::Commit(group) => self.commit(state, group),
            Action::Learn(member, group) => self.learn(state, member, group),
            Action::Keepalive(member) => self.keepalive(state, member),
            Action::CloseLease(member) => self.close_lease(state, member),
            Action::EndLease(member) => self.end_lease(state, member),
            Action::Setting(member, step) => self.setting_step(state, member, step),
            Action::Core(member, step) => self.core_step(state, member, step),
            Action::Tell { leader, to } => self.tell(state, leader, to),
            Action::TellRest(to) => self.tell_rest(state, to),
            Action::Apply(member) => self.apply_told(state, member),
        }
    }

    pub(crate) fn group_actions(&self, state: &State, group: Group, actions: &mut Vec<Action>) {
        let log = state.log(group);
        if log.tail() > 0 && state.leads(log.leader, group) {
            actions.push(Action::Commit(group));
        }
        for member in (0..self.bounds.members).map(Member) {
            if state.leads(member, group) && state.member(member).barriers.has(group) {
                actions.push(Action::Barrier(member, group));
            }
            if state.is_stale(member, group) {
                actions.push(Action::Notice(member, group));
                actions.extend(
                    own_is_next(state, member, group).then_some(Action::Learn(member, group)),
                );
            }
        }
    }

    fn member_actions(&self, state: &State, member: Member, actions: &mut Vec<Action>) {
        let of = state.member(member);
        if of.roles.iter().any(|term| *term != 0) {
            actions.push(Action::Crash(member));
        }
        self.elections(state, member, actions);
        if self.may_plan(state, member) {
            actions.push(Action::Plan(member));
        }
        if of.plan.is_some() && self.leads_all(state, member) {
            actions.push(Action::Propose(member));
        }
        if of.reign.is_some() && state.failures < self.bounds.failures {
            actions.push(Action::GiveUp(member));
        }
    }

    pub(crate) fn leads_all(&self, state: &State, member: Member) -> bool {
        state.groups().all(|group| state.member(member).roles[group.at()] != 0)
    }

    fn elections(&self, state: &State, member: Member, actions: &mut Vec<Action>) {
        let control = state.log(Group::CONTROL);
        if !state.leads(member, Group::CONTROL) && control.term <= self.bounds.elections {
            actions.extend((0..=control.tail()).map(|kept| Action::Elect(member, kept)));
        }
        let of = state.member(member);
        for group in state.groups().skip(1).filter(|_| of.roles[0] != 0) {
            let log = state.log(group);
            if of.roles[group.at()] == 0 && log.term <= self.bounds.takeovers {
                let lead = |kept| Action::Lead(member, group, kept);
                actions.extend((0..=log.tail()).map(lead));
            }
        }
    }

    /// A write to each shard, and one to all of them.
    fn writes(&self, state: &State, member: Member, actions: &mut Vec<Action>) {
        let reign = state.member(member).reign.as_ref();
        let Some(reign) = reign.filter(|_| state.writes < self.bounds.writes) else { return };
        let mut all = Groups::default();
        let shards = state.groups().skip(1);
        for shard in shards.filter(|shard| self.gate_is_open(reign, *shard)) {
            let parts = Groups::one(shard);
            all.0 |= parts.0;
            self.write_actions(state, member, parts, actions);
        }
        if all.len() > 1 && self.bounds.cores == 1 {
            self.write_actions(state, member, all, actions);
        }
    }

    fn write_actions(&self, state: &State, member: Member, parts: Groups, out: &mut Vec<Action>) {
        let change = Change::Put;
        out.push(Action::Write { member, change, parts, reached: parts });
        if state.failures < self.bounds.failures {
            let subsets = (0..parts.0).map(Groups).filter(|some| some.0 & !parts.0 == 0);
            out.extend(subsets.map(|reached| Action::Write { member, change, parts, reached }));
        }
    }
}

/// Whether the next entry that the member has not learned of is one of its own.
fn own_is_next(state: &State, member: Member, group: Group) -> bool {
    let (log, of) = (state.log(group), state.member(member));
    let known = of.known[group.at()];
    let own_epoch = of.reign.as_ref().map(|reign| reign.epoch);
    known < log.committed
        && match &log.entries[usize::from(known)] {
            Entry::Record(record, _) => Some(record.epoch) == own_epoch,
            Entry::Decision(_, _, terms) => *terms == of.roles,
            Entry::LeaseEnd { .. } | Entry::Setting => of.reign.is_some(),
        }
}
