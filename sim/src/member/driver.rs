//! The driver of one simulated core: takes turns, one thing at a time, so that other cores may act
//! in between everything that is not one step of the machine.

use std::collections::VecDeque;
use std::time::Duration;

use braid_core::ids::CoreId;
use braid_core::machine::mail::Mail;
use braid_core::machine::{Core, Input, Output};

use super::Options;
use crate::model::random::Random;

/// Turns without news after which a core that goes on is taken to spin.
const IDLE_TURNS_MAX: u32 = 1000;

/// What the core does at its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Asleep,
    Observe,
    Work,
    CarryOut,
}

/// One core with its mailboxes.
pub(super) struct Driver {
    id: CoreId,
    pub(super) core: Core,
    pub(super) phase: Phase,
    /// By sender.
    mailboxes: Vec<VecDeque<Mail>>,
    inputs: VecDeque<Input>,
    more: bool,
    woken: bool,
    idle_turns: u32,
    trace: bool,
}

impl Driver {
    pub(super) fn new(id: CoreId, core: Core, options: &Options) -> Self {
        Self {
            id,
            core,
            phase: Phase::Observe,
            mailboxes: (0..options.cores).map(|_| VecDeque::new()).collect(),
            inputs: VecDeque::new(),
            more: false,
            woken: false,
            idle_turns: 0,
            trace: options.trace,
        }
    }

    pub(super) fn post(&mut self, from: CoreId, mail: Mail) {
        self.mailboxes[usize::from(from.0)].push_back(mail);
    }

    pub(super) fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    pub(super) fn wake(&mut self) {
        self.woken = true;
    }

    /// Whether a sleeping core has to get up.
    pub(super) fn has_news(&self) -> bool {
        self.woken
            || !self.inputs.is_empty()
            || self.mailboxes.iter().any(|mailbox| !mailbox.is_empty())
    }

    fn handle(&mut self, now: Duration, input: Input) {
        if self.trace {
            eprintln!("{now:?} core {} < {input:?}", self.id);
        }
        self.core.handle(now, input);
    }

    pub(super) fn observe(&mut self) {
        self.core.observe();
        self.phase = Phase::Work;
    }

    /// Takes everything in and works once.
    pub(super) fn work(&mut self, now: Duration, random: &mut Random) {
        self.idle_turns = if self.has_news() { 0 } else { self.idle_turns + 1 };
        assert!(self.idle_turns < IDLE_TURNS_MAX, "a core spins: {:?}", self.core.deadline());
        self.woken = false;
        let cores = self.mailboxes.len();
        let first = random.below(cores as u64) as usize;
        for from in (first..first + cores).map(|from| from % cores) {
            for mail in std::mem::take(&mut self.mailboxes[from]) {
                self.handle(now, Input::Mail(CoreId(from as u16), mail));
            }
        }
        for input in std::mem::take(&mut self.inputs) {
            self.handle(now, input);
        }
        self.more = self.core.step(now);
        self.phase = Phase::CarryOut;
    }

    /// The next output of the last step; after the last one the core sleeps or goes on.
    pub(super) fn next_output(&mut self, now: Duration) -> Option<Output> {
        let output = self.core.poll_output();
        if let (true, Some(output)) = (self.trace, &output) {
            eprintln!("{now:?} core {} > {output:?}", self.id);
        }
        if output.is_none() {
            let due = self.core.deadline().is_some_and(|deadline| deadline <= now);
            let awake = self.more || due || self.has_news();
            self.phase = if awake { Phase::Observe } else { Phase::Asleep };
        }
        output
    }
}
