//! The driver of one simulated core: takes turns, one thing at a time, so that other cores may act
//! in between everything that is not one step of the machine.

use std::collections::VecDeque;
use std::time::Duration;

use braid_core::ids::CoreId;
use braid_core::machine::{Core, Input, Output};

use super::clock::Clock;
use super::post::Post;
use crate::model::random::Random;
use crate::trace;

/// A core that has been quiet for so long does not spin.
const BREATH: Duration = Duration::from_millis(1);

/// Turns without news after which a core that goes on is taken to spin: far more than it takes to
/// deal a large write out to watchers, one event a step.
const IDLE_TURNS_MAX: u32 = 100_000;

/// What the core does at its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Asleep,
    Observe,
    Work,
    CarryOut,
}

/// One core.
pub(super) struct Driver {
    id: CoreId,
    clock: Clock,
    pub(super) core: Core,
    pub(super) phase: Phase,
    inputs: VecDeque<Input>,
    more: bool,
    woken: bool,
    idle_turns: u32,
    /// When it worked last.
    worked: Duration,
}

impl Driver {
    pub(super) fn new(id: CoreId, core: Core, clock: Clock) -> Self {
        Self {
            id,
            clock,
            core,
            phase: Phase::Observe,
            inputs: VecDeque::new(),
            more: false,
            woken: false,
            idle_turns: 0,
            worked: Duration::ZERO,
        }
    }

    pub(super) fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    pub(super) fn wake(&mut self) {
        self.woken = true;
    }

    /// Whether a sleeping core has to get up.
    pub(super) fn has_news(&self, post: &Post) -> bool {
        self.woken || !self.inputs.is_empty() || post.has_mail(self.id)
    }

    fn handle(&mut self, now: Duration, input: Input) {
        trace::note(now, self.id, '<', &input);
        self.core.handle(self.clock.show(now), input);
    }

    /// When the core wants to go on even if nothing happens.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.core.deadline().map(|deadline| self.clock.when(deadline))
    }

    pub(super) fn observe(&mut self) {
        self.core.observe();
        self.phase = Phase::Work;
    }

    /// Takes everything in and works once.
    pub(super) fn work(&mut self, now: Duration, post: &mut Post, random: &mut Random) {
        let waited = now >= self.worked + BREATH;
        self.worked = now;
        let quiet = !self.has_news(post) && !waited;
        self.idle_turns = if quiet { self.idle_turns + 1 } else { 0 };
        assert!(self.idle_turns < IDLE_TURNS_MAX, "a core spins: {:?}", self.deadline());
        self.woken = false;
        // What front-ends hand in may overtake what other cores have sent.
        let hasty = random.one_in(4);
        if hasty {
            self.take_inputs(now);
        }
        self.take_mails(now, post, random);
        self.take_inputs(now);
        self.more = self.core.step(self.clock.show(now));
        self.phase = Phase::CarryOut;
        self.check_queues();
    }

    fn check_queues(&self) {
        for queue in self.core.queues() {
            assert!(queue.len <= queue.max, "core {} lets too much wait: {queue:?}", self.id);
        }
    }

    fn take_inputs(&mut self, now: Duration) {
        for input in std::mem::take(&mut self.inputs) {
            self.handle(now, input);
        }
    }

    /// In any order of senders.
    fn take_mails(&mut self, now: Duration, post: &mut Post, random: &mut Random) {
        let cores = post.cores();
        let first = random.below(u64::from(cores)) as u16;
        for from in (first..first + cores).map(|from| CoreId(from % cores)) {
            for mail in post.receive(from, self.id) {
                self.handle(now, Input::Mail(from, mail));
            }
        }
    }

    /// The next output of the last step; after the last one the core sleeps or goes on.
    pub(super) fn next_output(&mut self, now: Duration, post: &Post) -> Option<Output> {
        let output = self.core.poll_output();
        if let Some(output) = &output {
            trace::note(now, self.id, '>', output);
        }
        if output.is_none() {
            let due = self.deadline().is_some_and(|deadline| deadline <= now);
            let awake = self.more || due || self.has_news(post);
            self.phase = if awake { Phase::Observe } else { Phase::Asleep };
        }
        output
    }
}
