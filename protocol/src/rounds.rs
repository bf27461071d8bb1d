//! Writes that span cores: one coordinator, on the first core, takes them one at a time.

use crate::cores::{Round, Step};
use crate::log::{Change, Group, Groups, Member, Record};
use crate::model::Protocol;
use crate::state::{Reign, State};
use crate::trap::Trap;

impl Protocol {
    /// Whether the gate of the core that the group lives on is open.
    pub(crate) fn gate_is_open(&self, reign: &Reign, group: Group) -> bool {
        match reign.cores.round {
            Round::None => true,
            _ if self.trap == Some(Trap::GatesStayOpen) => true,
            Round::Closed => false,
            Round::Handed(_, missing) => {
                self.on_core(missing, self.core_of(group) as u8).is_empty()
            }
        }
    }

    pub(crate) fn round_steps(&self, reign: &Reign, writes_left: bool, steps: &mut Vec<Step>) {
        match reign.cores.round {
            Round::None if writes_left => steps.push(Step::CloseGates),
            Round::Closed if writes_left => steps.push(Step::HandOut),
            Round::None | Round::Closed => {}
            Round::Handed(_, missing) => {
                let waits = |core: &u8| !self.on_core(missing, *core).is_empty();
                steps.extend((0..self.bounds.cores).filter(waits).map(Step::TakePart));
            }
        }
    }

    /// The coordinator takes the revision. Its own cell covers it from now on.
    pub(crate) fn hand_out(&self, state: &mut State, member: Member) {
        let shards = state.groups().skip(1).map(|group| Groups::one(group).0);
        let parts = Groups(shards.sum());
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let revision = reign.sequencing.run(|cores| cores[0].take(1));
        let record = Record { epoch: reign.epoch, revision, parts, change: Change::Put };
        reign.cores.round = Round::Handed(record, parts);
        if self.trap == Some(Trap::CoordinatorLetsGo) {
            reign.sequencing.run(|cores| cores[0].committed(revision));
            reign.sequencing.publish(0);
        }
        state.writes += 1;
    }

    /// A core covers and appends its part. After the last one the coordinator lets go.
    pub(crate) fn take_part(&self, state: &mut State, member: Member, core: u8) {
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let Round::Handed(record, missing) = reign.cores.round else { return };
        let taken = self.on_core(missing, core);
        let missing = Groups(missing.0 & !taken.0);
        reign.cores.round = Round::Handed(record, missing);
        reign.sequencing.run(|cores| {
            cores[usize::from(core)].adopt(record.revision, taken.len());
            if missing.is_empty() && self.trap != Some(Trap::CoordinatorLetsGo) {
                cores[0].committed(record.revision);
            }
        });
        if missing.is_empty() {
            reign.cores.round = Round::None;
        }
        let noted = reign.sequencing.watermark;
        for group in taken.iter() {
            self.append(state, member, group, record, noted);
        }
    }
}
