//! The life of a write: sequenced, appended, committed, shown.

use braid_core::ids::Revision;

use crate::log::{Change, Entry, Group, Groups, Member, Record};
use crate::model::Protocol;
use crate::state::{Fault, Plan, State};
use crate::trap::Trap;

impl Protocol {
    /// The leader takes a revision for a write to `parts` and appends it to those of `reached`
    /// that it still leads. What does not reach its log ends the epoch as soon as the leader
    /// knows; a leader that has lost a group without knowing goes on until it does.
    pub(crate) fn write(
        &self,
        state: &mut State,
        member: Member,
        change: Change,
        parts: Groups,
        reached: Groups,
    ) {
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let noted = reign.sequencing.watermark;
        let core = parts.iter().last().map_or(0, |group| self.core_of(group));
        let revision = reign.sequencing.run(|cores| cores[core].take(parts.len()));
        let record = Record { epoch: reign.epoch, revision, parts, change };
        reign.attached.0 |= if change == Change::Attach { parts.0 } else { 0 };
        state.writes += 1;
        for group in reached.iter() {
            self.append(state, member, group, record, noted);
        }
        if reached != parts {
            state.failures += 1;
            if self.trap != Some(Trap::IgnoreHole) {
                self.give_up_reign(state, member);
            }
        }
    }

    /// Appends to the log, if the member leads the group; what it adds to its own copy otherwise
    /// is overwritten by what the real leader has committed since.
    pub(crate) fn append(
        &self,
        state: &mut State,
        member: Member,
        group: Group,
        record: Record,
        w: Revision,
    ) {
        if !state.leads(member, group) {
            return;
        }
        let same_epoch =
            |entry: &&Entry| matches!(entry, Entry::Record(r, _) if r.epoch == record.epoch);
        let log = state.log_mut(group);
        let last = log.entries.iter().rev().find(same_epoch);
        let in_order = last
            .is_none_or(|last| matches!(last, Entry::Record(r, _) if r.revision < record.revision));
        log.entries.push(Entry::Record(record, w));
        if !in_order {
            state.fail(Fault::OutOfOrder);
        }
    }

    /// The next entry of a group's tail is committed, and its leader knows.
    pub(crate) fn commit(&self, state: &mut State, group: Group) {
        let log = state.log_mut(group);
        log.committed += 1;
        let leader = log.leader;
        self.learn(state, leader, group);
    }

    /// The member learns that the next entry of the group is committed.
    pub(crate) fn learn(&self, state: &mut State, member: Member, group: Group) {
        let known = &mut state.member_mut(member).known[group.at()];
        let at = usize::from(*known);
        *known += 1;
        match state.log(group).entries[at] {
            Entry::Record(record, _) => self.record_committed(state, member, group, record),
            Entry::LeaseEnd { .. } | Entry::Setting => {}
            Entry::Decision(epoch, base, terms) => {
                self.decided(state, member, Plan { base, epoch }, terms);
            }
        }
    }

    fn record_committed(&self, state: &mut State, member: Member, group: Group, record: Record) {
        let reign = state.member_mut(member).reign.as_mut();
        let Some(reign) = reign.filter(|reign| reign.epoch == record.epoch) else { return };
        if !reign.sequencing.has_in_flight(record.revision) {
            return state.fail(Fault::Foreign);
        }
        if self.bounds.cores > 1 {
            return self.part_committed(reign, (record.revision, group));
        }
        reign.sequencing.run(|cores| cores[0].committed(record.revision));
        reign.sequencing.publish(0);
        let watermark = reign.sequencing.raise(0, reign.sequencing.counter, false);
        self.show(state, member, watermark);
    }
}
