//! Events on their way from the cores that write to one watcher, on the first core.
//!
//! They leave before their commit is published. The watcher reads the watermark, empties its mailbox,
//! delivers what is not above the watermark and keeps the rest.

use crate::cores::{Cores, Event, Step};
use crate::log::Member;
use crate::model::Protocol;
use crate::state::{Fault, Reign, State};
use crate::trap::Trap;

impl Protocol {
    /// A group on one of several cores has committed a part: its events leave, and only then the
    /// core publishes.
    pub(crate) fn part_committed(&self, reign: &mut Reign, event: Event) {
        let core = self.core_of(event.1);
        reign.sequencing.run(|cores| cores[core].committed(event.0));
        if self.trap == Some(Trap::PublishBeforeEvents) {
            reign.sequencing.publish(core);
            insert(&mut reign.cores.unsent, event);
        } else {
            insert(&mut reign.cores.mailbox, event);
        }
    }

    /// Sends what is published already.
    pub(crate) fn send_late(&self, cores: &mut Cores, core: u8) {
        let here = |event: &Event| self.core_of(event.1) == usize::from(core);
        for event in cores.unsent.extract_if(.., |event| here(event)) {
            insert(&mut cores.mailbox, event);
        }
    }

    /// The watcher reads the watermark.
    pub(crate) fn observe(&self, reign: &mut Reign) {
        reign.cores.observed = Some(reign.sequencing.watermark);
        if self.trap == Some(Trap::DrainBeforeWatermark) {
            drain(&mut reign.cores);
        }
    }

    /// The watcher delivers up to what it has read.
    pub(crate) fn deliver(&self, state: &mut State, member: Member) {
        let late = self.trap == Some(Trap::DrainBeforeWatermark);
        let history = state.history.clone();
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let Some(observed) = reign.cores.observed.take() else { return };
        let upto = if late { reign.sequencing.watermark } else { observed };
        if !late {
            drain(&mut reign.cores);
        }
        let cores = &mut reign.cores;
        let due = history.iter().filter(|r| r.revision > cores.delivered && r.revision <= upto);
        let missed = due
            .flat_map(|record| record.parts.iter().map(|group| (record.revision, group)))
            .any(|event| !cores.held.contains(&event));
        cores.held.retain(|event| event.0 > upto);
        cores.delivered = cores.delivered.max(upto);
        if missed {
            state.fail(Fault::EventMissed);
        }
    }
}

/// What the watcher can do.
pub(crate) fn watcher_steps(reign: &Reign, steps: &mut Vec<Step>) {
    match reign.cores.observed {
        Some(_) => steps.push(Step::Deliver),
        None if reign.sequencing.watermark > reign.cores.delivered => steps.push(Step::Observe),
        None => {}
    }
}

fn drain(cores: &mut Cores) {
    for event in std::mem::take(&mut cores.mailbox) {
        insert(&mut cores.held, event);
    }
}

/// In order, so that equal sets are equal.
fn insert(events: &mut Vec<Event>, event: Event) {
    let at = events.partition_point(|other| *other < event);
    events.insert(at, event);
}
