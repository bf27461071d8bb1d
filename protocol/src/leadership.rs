//! Who leads which group: crashes, changes of leader, and noticing them.

use crate::log::{GROUPS_MAX, Group, Groups, Member, PerGroup};
use crate::model::Protocol;
use crate::state::{MemberState, State};
use crate::trap::Trap;

impl Protocol {
    /// Everything that is not in a log is gone.
    pub(crate) fn crash(&self, state: &mut State, member: Member) {
        let known = self.remembered(state.member(member).known);
        *state.member_mut(member) = MemberState { known, ..MemberState::default() };
    }

    /// The member wins the control group, commits its barrier and so learns every decision.
    /// Whatever it led before, it begins anew.
    pub(crate) fn elect(&self, state: &mut State, member: Member, kept: u8) {
        let barrier = self.trap != Some(Trap::NoControlBarrier);
        let log = state.log_mut(Group::CONTROL);
        if barrier {
            log.take_over(member, kept);
        } else {
            log.elect(member);
        }
        let (term, known) = (log.term, log.committed);
        if !self.keeps_its_reign(state, member) {
            self.step_down(state, member);
        }
        let member = state.member_mut(member);
        member.roles[0] = term;
        if barrier {
            member.known[0] = known;
        }
    }

    fn keeps_its_reign(&self, state: &State, member: Member) -> bool {
        match self.trap {
            Some(Trap::ConfirmInAnyTerm) => state.member(member).reign.is_some(),
            Some(Trap::ProposeInLaterTerm) => state.member(member).plan.is_some(),
            _ => false,
        }
    }

    /// The member wins a shard's group and commits its barrier there.
    pub(crate) fn lead(&self, state: &mut State, member: Member, group: Group, kept: u8) {
        let log = state.log_mut(group);
        log.take_over(member, kept);
        let (term, known) = (log.term, log.committed);
        let member = state.member_mut(member);
        member.roles[group.at()] = term;
        member.barriers.0 &= !Groups::one(group).0;
        member.known[group.at()] = known;
    }

    /// The member learns that it has lost a group. Its epoch is bound to that term.
    pub(crate) fn notice(&self, state: &mut State, member: Member, group: Group) {
        if group == Group::CONTROL {
            return self.lose_control(state, member);
        }
        let keeps = self.trap == Some(Trap::EpochOutlivesTerms);
        if !keeps {
            self.give_up_reign(state, member);
        }
        let member = state.member_mut(member);
        member.roles[group.at()] = 0;
        member.barriers.0 &= !Groups::one(group).0;
        if !keeps {
            member.known[group.at()] = 0;
        }
    }

    fn lose_control(&self, state: &mut State, member: Member) {
        if self.keeps_its_reign(state, member) {
            state.member_mut(member).roles[0] = 0;
        } else {
            self.step_down(state, member);
        }
    }

    fn step_down(&self, state: &mut State, member: Member) {
        let known = self.remembered(state.member(member).known);
        *state.member_mut(member) = MemberState { known, ..MemberState::default() };
    }

    /// What a member still knows to be committed after losing all of its groups. Only a leader
    /// without a barrier builds on it; for all others it is left out, to have fewer states.
    fn remembered(&self, known: PerGroup) -> PerGroup {
        let mut kept = [0; GROUPS_MAX];
        kept[0] = if self.trap == Some(Trap::NoControlBarrier) { known[0] } else { 1 };
        kept
    }

    /// The leader gives up its epoch: it has lost a group, or an append failed, or it wants to.
    /// It begins a new one with barriers in the terms that it still has.
    pub(crate) fn give_up_reign(&self, state: &mut State, member: Member) {
        let all = state.groups().map(|group| Groups::one(group).0).sum();
        let member = state.member_mut(member);
        member.plan = None;
        if member.reign.is_some() {
            member.barriers = Groups(all);
        }
        if self.trap != Some(Trap::SequenceWhilePlanning) {
            member.reign = None;
        }
    }

    /// A further barrier of the leader's is committed in a group, and with it all of the tail.
    pub(crate) fn barrier(&self, state: &mut State, member: Member, group: Group) {
        state.member_mut(member).barriers.0 &= !Groups::one(group).0;
        while state.log(group).tail() > 0 {
            self.commit(state, group);
        }
    }
}
