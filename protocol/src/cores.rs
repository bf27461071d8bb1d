//! Several cores of a leader: what each of them does on its own, one step at a time.
//!
//! A core takes revisions for its own shards, publishes what is committed once its events have
//! left, and computes the watermark: it reads the counter, and later the cells. A write that spans
//! cores goes through a round: the coordinator, on the first core, closes the gates, takes the
//! revision and hands out the parts; its own cell covers the revision until every part is taken.
//! One watcher, on the first core, sees every event.

use braid_core::ids::Revision;

use crate::events;
use crate::log::{Group, Groups, Member, Record};
use crate::model::{Action, Protocol};
use crate::state::{Fault, Reign, State};
use crate::trap::Trap;

/// What goes on between the cores of a leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cores {
    /// By core: the counter, as read by a core that is computing the watermark.
    pub reading: Vec<Option<Revision>>,
    /// The write that spans cores.
    pub round: Round,
    /// Committed, but still on a core of the writer (only with a planted bug).
    pub unsent: Vec<Event>,
    /// On the way to the watcher.
    pub mailbox: Vec<Event>,
    /// Taken from the mailbox, waiting for the watermark.
    pub held: Vec<Event>,
    /// The watermark that the watcher has read and not acted on yet.
    pub observed: Option<Revision>,
    /// The revision up to which the watcher has got its events.
    pub delivered: Revision,
}

/// One shard's events of a revision.
pub type Event = (Revision, Group);

/// A write that spans cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Round {
    /// There is none.
    #[default]
    None,
    /// The gates are closed.
    Closed,
    /// The record is handed out; these groups have not got their parts.
    Handed(Record, Groups),
}

/// A step of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Publishes what is committed.
    Publish(u8),
    /// Sends the events of what is published already.
    SendLate(u8),
    /// Begins to compute the watermark: reads the counter.
    ReadCounter(u8),
    /// Reads the cells and raises the watermark.
    Raise(u8),
    /// The coordinator closes the gates.
    CloseGates,
    /// The coordinator takes a revision and hands out the parts.
    HandOut,
    /// A core takes its part, and its gate opens.
    TakePart(u8),
    /// The watcher begins: reads the watermark.
    Observe,
    /// The watcher empties its mailbox and delivers.
    Deliver,
}

impl Cores {
    /// Nothing goes on after `last`.
    #[must_use]
    pub fn new(cores: u8, last: Revision) -> Self {
        let reading = vec![None; usize::from(cores)];
        Self { reading, delivered: last, ..Self::default() }
    }
}

impl Protocol {
    /// The core on which a group lives.
    pub(crate) fn core_of(&self, group: Group) -> usize {
        usize::from(group.0 % self.bounds.cores)
    }

    /// Those of the groups that live on the core.
    pub(crate) fn on_core(&self, groups: Groups, core: u8) -> Groups {
        let here = groups.iter().filter(|group| self.core_of(*group) == usize::from(core));
        Groups(here.map(|group| Groups::one(group).0).sum())
    }

    pub(crate) fn core_actions(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let Some(reign) = &state.member(member).reign else { return };
        if self.bounds.cores < 2 {
            return;
        }
        let mut steps = vec![];
        for core in 0..self.bounds.cores {
            self.steps_of(reign, core, &mut steps);
        }
        self.round_steps(reign, state.writes < self.bounds.writes, &mut steps);
        events::watcher_steps(reign, &mut steps);
        out.extend(steps.into_iter().map(|step| Action::Core(member, step)));
    }

    fn steps_of(&self, reign: &Reign, core: u8, steps: &mut Vec<Step>) {
        let Reign { sequencing, cores, .. } = reign;
        let at = usize::from(core);
        if sequencing.in_flight[at].first().is_some_and(|first| first.1 == 0) {
            steps.push(Step::Publish(core));
        }
        if cores.unsent.iter().any(|event| self.core_of(event.1) == at) {
            steps.push(Step::SendLate(core));
        }
        match cores.reading[at] {
            Some(_) => steps.push(Step::Raise(core)),
            None if sequencing.watermark < sequencing.counter => {
                steps.push(Step::ReadCounter(core));
            }
            None => {}
        }
    }

    /// One core takes a step.
    pub(crate) fn core_step(&self, state: &mut State, member: Member, step: Step) {
        match step {
            Step::Raise(core) => return self.raise(state, member, usize::from(core)),
            Step::HandOut => return self.hand_out(state, member),
            Step::TakePart(core) => return self.take_part(state, member, core),
            Step::Deliver => return self.deliver(state, member),
            _ => {}
        }
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let Reign { sequencing, cores, .. } = reign;
        match step {
            Step::Publish(core) => sequencing.publish(usize::from(core)),
            Step::SendLate(core) => self.send_late(cores, core),
            Step::ReadCounter(core) => cores.reading[usize::from(core)] = Some(sequencing.counter),
            Step::CloseGates => cores.round = Round::Closed,
            _ => self.observe(reign),
        }
    }

    fn raise(&self, state: &mut State, member: Member, core: usize) {
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let Some(counter) = reign.cores.reading[core].take() else { return };
        let alone = self.trap == Some(Trap::WatermarkPerCore);
        let watermark = reign.sequencing.raise(core, counter, alone);
        if watermark < reign.sequencing.watermark {
            state.fail(Fault::WentBack);
        }
        self.show(state, member, watermark);
    }
}
