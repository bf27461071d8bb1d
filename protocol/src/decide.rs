//! From leading every group to a new epoch: P, its decision, and the reign.

use braid_core::epoch::{Found, end_of_history};
use braid_core::ids::{Epoch, Revision};

use crate::log::{Entry, Group, Groups, Member, PerGroup, Record, decisions, records};
use crate::model::Protocol;
use crate::state::{Fault, Plan, Reign, State};
use crate::trap::Trap;

impl Protocol {
    /// Whether the member leads every group, so that it can compute P: in each its barrier is
    /// committed, and with it everything before.
    pub(crate) fn may_plan(&self, state: &State, member: Member) -> bool {
        let of = state.member(member);
        let idle = of.reign.is_none() || self.trap == Some(Trap::SequenceWhilePlanning);
        let control = Group::CONTROL;
        let proposed = state.leads(member, control) && state.log(control).tail() > 0;
        idle && of.plan.is_none()
            && of.barriers.is_empty()
            && (!proposed || self.trap == Some(Trap::NoControlBarrier))
            && state.groups().all(|group| self.leads_as_far_as_needed(state, member, group))
    }

    fn leads_as_far_as_needed(&self, state: &State, member: Member, group: Group) -> bool {
        let skips = self.trap == Some(Trap::NoShardBarrier) && group != Group::CONTROL;
        skips || state.member(member).roles[group.at()] != 0
    }

    /// Computes P from the logs as this leader knows them.
    pub(crate) fn plan(&self, state: &mut State, member: Member) {
        let decided = decisions(state.known(member, Group::CONTROL));
        let last = decided.last().cloned().unwrap_or_default();
        let found = self.found(state, member, last.base);
        let durable = self.durable(state, member);
        let Ok(base) = end_of_history(last.base, found, durable) else {
            return self.refuse(state, member);
        };
        let plan = Plan { base, epoch: Epoch(last.epoch.0 + 1) };
        state.member_mut(member).plan = Some(plan.clone());
        if self.trap == Some(Trap::SequenceBeforeDecision) {
            let terms = state.member(member).roles;
            self.begin(state, member, plan, terms);
        }
    }

    /// The records above `base` that are not void.
    fn found(&self, state: &State, member: Member, base: Revision) -> Vec<Found> {
        let decided = decisions(state.known(member, Group::CONTROL));
        let counts = |r: &Record| r.revision > base && !decided.void(r.epoch, r.revision);
        let of = |group: Group| {
            let known = records(self.surveyed(state, member, group)).filter(counts);
            known.map(move |record| self.as_found(record, group)).collect::<Vec<_>>()
        };
        state.groups().flat_map(of).collect()
    }

    fn as_found(&self, record: Record, group: Group) -> Found {
        let torn = self.trap == Some(Trap::CountTornWrites);
        let parts = if torn { Groups::one(group) } else { record.parts };
        let participants = parts.iter().map(Group::id).collect();
        Found { revision: record.revision, group: group.id(), participants, whole: true }
    }

    fn surveyed<'a>(&self, state: &'a State, member: Member, group: Group) -> &'a [Entry] {
        let leads = state.member(member).roles[group.at()] != 0;
        if leads { state.known(member, group) } else { &state.log(group).entries }
    }

    /// Proposes the decision, in the control term in which P was computed.
    pub(crate) fn propose(&self, state: &mut State, member: Member) {
        let Some(plan) = state.member_mut(member).plan.take() else { return };
        let terms = state.member(member).roles;
        if state.leads(member, Group::CONTROL) {
            let entry = Entry::Decision(plan.epoch, plan.base, terms);
            state.log_mut(Group::CONTROL).entries.push(entry);
        }
    }

    /// The member knows that a decision is committed: its own, if it was made in exactly the
    /// terms that it leads in now.
    pub(crate) fn decided(
        &self,
        state: &mut State,
        member: Member,
        decision: Plan,
        terms: PerGroup,
    ) {
        let of = state.member(member);
        let known = of.reign.as_ref().is_some_and(|reign| reign.epoch == decision.epoch);
        if of.roles == terms && !known {
            self.begin(state, member, decision, terms);
        }
    }

    fn begin(&self, state: &mut State, member: Member, decision: Plan, terms: PerGroup) {
        let Plan { epoch, base } = decision;
        let mut reign = Reign::new(epoch, base, terms, self.bounds.cores);
        reign.acting = self.acting_at_first(state, member);
        state.member_mut(member).reign = Some(reign);
        if self.bounds.lease && self.trap != Some(Trap::LeaseTimeGoesOn) {
            state.member_mut(member).counts_anew = true;
        }
        self.show(state, member, base);
    }

    /// The highest watermark that any log notes, as far as the member knows.
    fn durable(&self, state: &State, member: Member) -> Revision {
        let noted = |entry: &Entry| match entry {
            Entry::Record(_, noted) => *noted,
            Entry::Decision(..) | Entry::LeaseEnd { .. } | Entry::Setting => Revision::FRESH,
        };
        let entries = state.groups().flat_map(|group| self.surveyed(state, member, group));
        entries.map(noted).max().unwrap_or(Revision::FRESH)
    }

    /// Acknowledged data seems to be missing, so the member does not lead. That may be a false
    /// alarm: a leader that was deposed without knowing may win back one shard's group, and find
    /// there a watermark noted that other groups, as it knows them, do not reach.
    fn refuse(&self, state: &mut State, member: Member) {
        if state.groups().all(|group| state.leads(member, group)) {
            state.fail(Fault::Lost);
        }
        self.crash(state, member);
    }
}
