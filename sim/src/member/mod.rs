//! A whole member: its cores, their mailboxes and its disk, in one thread and virtual time.
//!
//! Cores run as if in parallel: between any two things that a driver does (looking at the
//! watermark, one step of its machine, carrying out one output) other cores may do theirs, and each
//! takes a random time. A core that nobody wakes sleeps on, so a forgotten wake-up shows.

mod client;
mod driver;
mod options;
mod schedule;

use std::collections::VecDeque;
use std::time::Duration;

use braid_core::api::{Response, WatchResponse};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::machine::{Core, CoreState, Input, Output};
use braid_core::port::{CallId, Incoming, StreamId};
use braid_storage::log::Write;

use crate::disk::{Crash, Disk};
use crate::model::random::Random;
use crate::recovery::{self, recover};
use driver::{Driver, Phase};
use schedule::{Event, Schedule};

pub use options::Options;

/// What front-ends see.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A call was answered.
    Answer(CoreId, CallId, Result<Response, Error>),
    /// A watch stream has a response.
    Watch(CoreId, StreamId, WatchResponse),
    /// A watch stream ended.
    EndStream(CoreId, StreamId, Error),
}

/// A running member.
pub struct Member {
    /// What the cores' clocks show.
    now: Duration,
    /// What they showed at the start.
    started: Duration,
    random: Random,
    schedule: Schedule,
    drivers: Vec<Driver>,
    disk: Disk,
    /// How many times slower than usual the I/O of each core is.
    slowness: Vec<u32>,
    serving: bool,
    told: VecDeque<Told>,
    /// Of a call or stream.
    last_id: u64,
}

impl Member {
    /// Starts a member with what `disk` holds and runs it until it serves.
    ///
    /// # Errors
    /// When recovery refuses the disk.
    pub fn start(
        options: &Options,
        mut disk: Disk,
        mut random: Random,
    ) -> Result<Self, recovery::Error> {
        let states = recover(&mut disk, options, random.next_u64() as u32)?;
        let new = |state: CoreState| {
            Driver::new(state.id, Core::new(options.core.clone(), state), options)
        };
        let slowness = (0..options.cores).map(|_| random.pick(&[1, 1, 1, 10, 50])).collect();
        // The clock of a machine may show anything.
        let started = Duration::from_secs(random.below(10_000));
        let mut member = Self {
            now: started,
            started,
            random,
            schedule: Schedule::default(),
            drivers: states.into_iter().map(new).collect(),
            disk,
            slowness,
            serving: false,
            told: VecDeque::new(),
            last_id: 0,
        };
        for core in (0..options.cores).map(CoreId) {
            member.driver(core).core.start();
            member.plan_turn(core);
        }
        while !member.serving {
            assert!(member.advance(), "a member that does not serve waits for nothing");
        }
        Ok(member)
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now - self.started
    }

    /// How many cores there are.
    #[must_use]
    pub fn cores(&self) -> u16 {
        self.drivers.len() as u16
    }

    /// Hands something in to a front-end of `core`.
    pub fn submit(&mut self, core: CoreId, incoming: Incoming) {
        self.driver(core).input(Input::Front(incoming));
        self.rouse(core);
    }

    /// What front-ends were told since the last call, one at a time.
    pub fn poll_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// When something will happen next, as a time since the start.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        self.schedule.next_at().map(|at| at.saturating_sub(self.started))
    }

    /// Lets the next thing happen. Returns `false` when nothing ever will.
    pub fn advance(&mut self) -> bool {
        let Some((at, event)) = self.schedule.next() else { return false };
        self.now = self.now.max(at);
        match event {
            Event::Turn(core) => self.turn(core),
            Event::Alarm(core) => self.alarm(core),
            Event::Written(core, number, segment) => {
                self.disk.sync(segment);
                self.finish(core, Input::Written(number));
            }
            Event::Prepared(core, segment) => {
                self.disk.create(&segment);
                self.finish(core, Input::SegmentReady(segment.id));
            }
            Event::Read(core, read, value) => {
                let place = value.location;
                let bytes = self.disk.read(place.segment, place.offset, value.len as usize);
                self.finish(core, Input::ValueRead(read, bytes));
            }
        }
        true
    }

    /// Ends the member in the middle of whatever it does; what its disk is left with. The member
    /// is of no use any more.
    #[must_use]
    pub fn crash(&mut self, crash: Crash) -> Disk {
        std::mem::take(&mut self.disk).crash(crash, &mut self.random)
    }

    fn driver(&mut self, core: CoreId) -> &mut Driver {
        &mut self.drivers[usize::from(core.0)]
    }

    fn finish(&mut self, core: CoreId, input: Input) {
        self.driver(core).input(input);
        self.rouse(core);
    }

    /// Gets a sleeping core up.
    fn rouse(&mut self, core: CoreId) {
        let driver = self.driver(core);
        if driver.phase == Phase::Asleep {
            driver.phase = Phase::Observe;
            self.plan_turn(core);
        }
    }

    fn alarm(&mut self, core: CoreId) {
        let now = self.now;
        if self.driver(core).core.deadline().is_some_and(|deadline| deadline <= now) {
            self.rouse(core);
        }
    }

    fn turn(&mut self, core: CoreId) {
        let now = self.now;
        let driver = &mut self.drivers[usize::from(core.0)];
        match driver.phase {
            Phase::Asleep => unreachable!("a sleeping core has no turn"),
            Phase::Observe => driver.observe(),
            Phase::Work => driver.work(now, &mut self.random),
            Phase::CarryOut => {
                if let Some(output) = driver.next_output(now) {
                    self.carry_out(core, output);
                }
            }
        }
        if self.driver(core).phase == Phase::Asleep {
            if let Some(deadline) = self.driver(core).core.deadline() {
                self.schedule.plan(deadline, Event::Alarm(core));
            }
        } else {
            self.plan_turn(core);
        }
    }

    fn carry_out(&mut self, core: CoreId, output: Output) {
        match output {
            Output::Answer(call, answer) => self.told.push_back(Told::Answer(core, call, answer)),
            Output::Watch(stream, response) => {
                self.told.push_back(Told::Watch(core, stream, response));
            }
            Output::EndStream(stream, error) => {
                self.told.push_back(Told::EndStream(core, stream, error));
            }
            Output::Mail(to, mail) => {
                self.driver(to).post(core, mail);
                self.rouse(to);
            }
            Output::Publish => self.driver(core).input(Input::Publish),
            Output::Wake(other) => {
                self.driver(other).wake();
                self.rouse(other);
            }
            Output::Write(write) => self.write(core, &write),
            Output::PrepareSegment(segment) => {
                let delay = self.io_delay(core);
                self.schedule.plan(self.now + delay, Event::Prepared(core, segment));
            }
            Output::Read(read, value) => {
                let delay = self.io_delay(core);
                self.schedule.plan(self.now + delay, Event::Read(core, read, value));
            }
            Output::Reign { .. } => {}
            Output::Serving => self.serving = true,
            Output::Fatal(reason) => panic!("core {core} gave up: {reason}"),
        }
    }

    fn write(&mut self, core: CoreId, write: &Write) {
        let mut bytes = vec![0; write.len() as usize];
        write.copy_to(&mut bytes);
        let segment = write.segment().id;
        self.disk.write(segment, write.offset(), bytes);
        let written = Event::Written(core, write.number(), segment);
        let delay = self.io_delay(core);
        self.schedule.plan(self.now + delay, written);
    }

    fn plan_turn(&mut self, core: CoreId) {
        // Mostly at once, sometimes held up by the operating system.
        let delay_us = match self.random.below(100) {
            0 => self.random.below(2000),
            1..=9 => self.random.below(100),
            _ => self.random.below(3),
        };
        self.schedule.plan(self.now + Duration::from_micros(delay_us), Event::Turn(core));
    }

    fn io_delay(&mut self, core: CoreId) -> Duration {
        let delay_us = match self.random.below(50) {
            0 => self.random.below(5000),
            _ => 20 + self.random.below(200),
        };
        Duration::from_micros(delay_us) * self.slowness[usize::from(core.0)]
    }
}
