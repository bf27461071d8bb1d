//! What is seen from outside. Everything that a member shows must be part of the one history.

use braid_core::epoch::Decisions;
use braid_core::ids::Revision;

use crate::log::{Group, Member, Record, decisions, records};
use crate::model::Protocol;
use crate::state::{Fault, State};
use crate::trap::Trap;

impl Protocol {
    /// The member shows every revision up to `watermark`, in acknowledgements and to readers.
    pub(crate) fn show(&self, state: &mut State, member: Member, watermark: Revision) {
        let decided = decisions(state.known(member, Group::CONTROL));
        for revision in (Revision::FRESH.0 + 1..=watermark.0).map(Revision) {
            match self.shown(state, member, &decided, revision) {
                Ok(record) => extend(state, record),
                Err(fault) => state.fail(fault),
            }
        }
    }

    /// The record at a revision, as this member applies it.
    fn shown(
        &self,
        state: &State,
        member: Member,
        decided: &Decisions,
        revision: Revision,
    ) -> Result<Record, Fault> {
        let counts = |record: &Record| {
            record.revision == revision
                && (self.trap == Some(Trap::ForgetVoid) || !decided.void(record.epoch, revision))
        };
        let in_group = |group| records(state.known(member, group)).filter(counts);
        let mut found = state.groups().flat_map(in_group);
        let Some(record) = found.next() else { return Err(Fault::Gap) };
        if found.any(|other| other != record) {
            return Err(Fault::Ambiguous);
        }
        let held = |group| in_group(group).next().is_some();
        if record.parts.iter().all(held) { Ok(record) } else { Err(Fault::Torn) }
    }
}

/// `record` is visible: it is what was seen at its revision before, or the next one.
fn extend(state: &mut State, record: Record) {
    let at = (record.revision.0 - Revision::FRESH.next().0) as usize;
    match state.history.get(at) {
        Some(seen) if *seen != record => state.fail(Fault::Changed),
        Some(_) => {}
        None => state.history.push(record),
    }
}
