//! One change of settings: a compaction, a grant of a lease or a change of permissions.
//!
//! It is an entry of the control group and takes no revision. Once it is committed, the first core
//! tells the others; it is acknowledged when all of them act on it, so that what a client was told
//! is true on whichever core its next request arrives.

use crate::log::{Entry, Group, Member};
use crate::model::{Action, Protocol};
use crate::state::{Reign, State};
use crate::trap::Trap;

/// A step of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingStep {
    /// The leader appends the entry.
    Propose,
    /// A core begins to act on it.
    Act(u8),
    /// The client is answered.
    Acknowledge,
}

impl Protocol {
    pub(crate) fn setting_actions(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let Some(reign) = state.member(member).reign.as_ref().filter(|_| self.bounds.setting)
        else {
            return;
        };
        let step = |step| Action::Setting(member, step);
        let proposed = state.log(Group::CONTROL).entries.contains(&Entry::Setting);
        if !proposed && state.leads(member, Group::CONTROL) {
            out.push(step(SettingStep::Propose));
        }
        if !state.known(member, Group::CONTROL).contains(&Entry::Setting) {
            return;
        }
        let idle = |core: &u8| reign.acting & 1 << core == 0;
        out.extend((0..self.bounds.cores).filter(idle).map(SettingStep::Act).map(step));
        let early = self.trap == Some(Trap::AcknowledgeBeforeAllAct);
        if !state.acknowledged && (early || self.all_act(reign)) {
            out.push(step(SettingStep::Acknowledge));
        }
    }

    pub(crate) fn setting_step(&self, state: &mut State, member: Member, step: SettingStep) {
        match step {
            SettingStep::Propose => state.log_mut(Group::CONTROL).entries.push(Entry::Setting),
            SettingStep::Acknowledge => state.acknowledged = true,
            SettingStep::Act(core) => {
                if let Some(reign) = &mut state.member_mut(member).reign {
                    reign.acting |= 1 << core;
                }
            }
        }
    }

    /// The cores that act on the setting when a reign begins: all of them learn what the control
    /// group holds before.
    pub(crate) fn acting_at_first(&self, state: &State, member: Member) -> u8 {
        let known = state.known(member, Group::CONTROL).contains(&Entry::Setting);
        if known { self.every_core() } else { 0 }
    }

    /// Whether every core of whoever confirms its leadership acts on what was acknowledged.
    pub(crate) fn setting_holds(&self, state: &State) -> bool {
        let acts = |member: Member| {
            let reign = state.member(member).reign.as_ref();
            !state.confirmed(member) || reign.is_none_or(|reign| self.all_act(reign))
        };
        !state.acknowledged || (0..self.bounds.members).map(Member).all(acts)
    }

    fn all_act(&self, reign: &Reign) -> bool {
        reign.acting == self.every_core()
    }

    /// All cores, as a set.
    fn every_core(&self) -> u8 {
        (1 << self.bounds.cores) - 1
    }
}
