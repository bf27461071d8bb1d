//! A whole member: its cores, their mailboxes and its disk, in one thread and virtual time.
//!
//! Cores run as if in parallel: between any two things that a driver does (looking at the
//! watermark, one step of its machine, carrying out one output) other cores may do theirs, and each
//! takes a random time. A core that nobody wakes sleeps on, so a forgotten wake-up shows.

mod client;
mod clock;
mod counts;
mod driver;
mod full_disk;
mod options;
mod post;
mod schedule;
mod tempo;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use braid_core::api::{Response, WatchResponses};
use braid_core::error::Error;
use braid_core::ids::{CoreId, SegmentId};
use braid_core::machine::{Core, CoreState, Input, Output};
use braid_core::planted::{Bug, planted};
use braid_core::port::{CallId, Incoming, StreamId};
use braid_core::stages::{StageTimes, Stopwatch};
use braid_core::version::ColdValue;
use braid_storage::log::Write;
use bytes::Bytes;

use crate::disk::{Crash, Disk};
use crate::model::random::Random;
use crate::recovery::{self, recover};
use driver::{Driver, Phase};
use post::Post;
use schedule::{Event, Schedule};

pub use clock::Clock;
pub use counts::Counts;
pub use options::{DRIFT_PPM_MAX, MAX_TXN_OPS, Options};
pub use tempo::{Faults, Tempo};

/// What front-ends see.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A call was answered.
    Answer(CoreId, CallId, Result<Response, Error>),
    /// A watch stream has a response.
    Watch(CoreId, StreamId, WatchResponses),
    /// A watch stream ended.
    EndStream(CoreId, StreamId, Error),
}

/// Reads that go wrong in the life of a member whose disk has bad reads.
const BAD_READS: u32 = 8;

/// A running member.
pub struct Member {
    /// What an exact clock shows.
    now: Duration,
    /// What it showed at the start.
    started: Duration,
    random: Random,
    schedule: Schedule,
    drivers: Vec<Driver>,
    post: Post,
    disk: Disk,
    /// How many times slower than usual the I/O of each core is.
    slowness: Vec<u32>,
    tempos: Vec<Tempo>,
    faults: Faults,
    /// No segment can be made before.
    full_until: Duration,
    /// A core was told that there is no room.
    was_full: bool,
    /// Few enough that who tries again comes through.
    bad_reads_left: u32,
    /// Cores whose write is on its way to the disk.
    writing: BTreeSet<CoreId>,
    /// The last thing that happened was the end of a write.
    has_written: bool,
    /// A sync has failed: the process is no more.
    failed: bool,
    serving: bool,
    told: VecDeque<Told>,
    /// Of a call or stream.
    last_id: u64,
    counts: Counts,
}

impl Member {
    /// Starts a member with what `disk` holds and runs it until it serves.
    ///
    /// # Errors
    /// When recovery refuses the disk.
    pub fn start(options: &Options, disk: Disk, random: Random) -> Result<Self, recovery::Error> {
        let mut member = Self::boot(options, disk, random)?;
        while !member.serving {
            assert!(member.advance(), "a member that does not serve waits for nothing");
        }
        Ok(member)
    }

    /// Recovers what `disk` holds and starts the cores; they serve some time later.
    ///
    /// # Errors
    /// When recovery refuses the disk.
    pub fn boot(
        options: &Options,
        mut disk: Disk,
        mut random: Random,
    ) -> Result<Self, recovery::Error> {
        let states = recover(&mut disk, options, random.next_u64() as u32)?;
        let new = |state: CoreState| {
            let clock = options.clocks.get(usize::from(state.id.0)).copied().unwrap_or_default();
            Driver::new(state.id, Core::new(options.core.clone(), state), clock)
        };
        let slow: &[u32] = if options.even { &[1] } else { &[1, 1, 1, 10, 50] };
        let slowness = (0..options.cores).map(|_| random.pick(slow)).collect();
        // The clock of a machine may show anything.
        let started = Duration::from_secs(random.below(10_000));
        let mut member = Self {
            now: started,
            started,
            random,
            schedule: Schedule::new(options.newest_first),
            tempos: options.tempos.clone(),
            faults: options.faults,
            full_until: Duration::ZERO,
            was_full: false,
            bad_reads_left: if options.faults.bad_reads { BAD_READS } else { 0 },
            writing: BTreeSet::new(),
            has_written: false,
            failed: false,
            post: Post::new(options.cores, options.mailbox_mails),
            drivers: states.into_iter().map(new).collect(),
            disk,
            slowness,
            serving: false,
            told: VecDeque::new(),
            last_id: 0,
            counts: Counts::default(),
        };
        for core in (0..options.cores).map(CoreId) {
            member.driver(core).core.start();
            member.plan_turn(core);
        }
        Ok(member)
    }

    /// Whether requests are served.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.serving
    }

    /// Whether a sync has failed: all that is left is the disk.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether one core has just written something while another one has not: what belongs
    /// together may be torn by a crash now.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.has_written && !self.writing.is_empty()
    }

    /// Lets time pass until `at`, a time since the start, when nothing happens before.
    pub fn wait_until(&mut self, at: Duration) {
        self.now = self.now.max(self.started + at);
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now - self.started
    }

    /// Adds to `times` what writes of `core` wait for from now on. Virtual time has no stages.
    pub fn measure(&mut self, core: CoreId, times: Arc<StageTimes>) {
        self.driver(core).core.measure(times, Stopwatch::default());
    }

    /// How many cores there are.
    #[must_use]
    pub fn cores(&self) -> u16 {
        self.drivers.len() as u16
    }

    /// What its cores have cost each other and the disk so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
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
        if self.failed {
            return None;
        }
        self.schedule.next_at().map(|at| at.saturating_sub(self.started))
    }

    /// Lets the next thing happen. Returns `false` when nothing ever will.
    pub fn advance(&mut self) -> bool {
        let Some((at, event)) = self.schedule.next().filter(|_| !self.failed) else { return false };
        self.now = self.now.max(at);
        self.has_written = matches!(event, Event::Written(..));
        match event {
            Event::Turn(core) => self.turn(core),
            Event::Alarm(core) => self.alarm(core),
            Event::Written(core, number, segment) => self.written(core, number, segment),
            Event::Prepare(core, segment, again) => self.prepare(core, segment, again),
            Event::Read(core, read, value) => {
                let bytes = self.read_value(value);
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

    fn written(&mut self, core: CoreId, number: u64, segment: SegmentId) {
        if self.faults.failing_sync && self.serving && self.random.one_in(100) {
            self.failed = true;
            return;
        }
        self.writing.remove(&core);
        if !planted(Bug::SkipSync) {
            self.disk.sync(segment);
        }
        self.finish(core, Input::Written(number));
    }

    fn read_value(&mut self, value: ColdValue) -> Option<Bytes> {
        let place = value.location;
        let bytes = self.disk.read(place.segment, place.offset, value.len as usize)?;
        if self.bad_reads_left == 0 || !self.random.one_in(10) || bytes.is_empty() {
            return Some(bytes);
        }
        self.bad_reads_left -= 1;
        let mut other = bytes.to_vec();
        let at = self.random.below(other.len() as u64) as usize;
        other[at] ^= 1 << self.random.below(8);
        Some(other.into())
    }

    /// Gets a sleeping core up.
    fn rouse(&mut self, core: CoreId) {
        let driver = self.driver(core);
        if driver.phase == Phase::Asleep {
            driver.phase = Phase::Observe;
            self.plan_turn(core);
        }
    }

    fn rouse_other(&mut self, core: CoreId) {
        self.counts.wake_ups += u64::from(self.driver(core).phase == Phase::Asleep);
        self.rouse(core);
    }

    fn alarm(&mut self, core: CoreId) {
        let now = self.now;
        if self.driver(core).deadline().is_some_and(|deadline| deadline <= now) {
            self.rouse(core);
        }
    }

    fn turn(&mut self, core: CoreId) {
        let now = self.now;
        let driver = &mut self.drivers[usize::from(core.0)];
        match driver.phase {
            Phase::Asleep => unreachable!("a sleeping core has no turn"),
            Phase::Observe => driver.observe(),
            Phase::Work => {
                driver.work(now, &mut self.post, &mut self.random);
                self.deliver(core);
            }
            Phase::CarryOut => {
                if let Some(output) = driver.next_output(now, &self.post) {
                    self.carry_out(core, output);
                }
            }
        }
        if self.driver(core).phase == Phase::Asleep {
            if let Some(deadline) = self.driver(core).deadline() {
                self.schedule.plan(deadline, Event::Alarm(core));
            }
        } else {
            self.plan_turn(core);
        }
    }

    /// A core has emptied its mailboxes: others have room in them again.
    fn deliver(&mut self, core: CoreId) {
        if self.post.has_mail(core) {
            self.rouse(core);
        }
        (0..self.cores()).map(CoreId).for_each(|sender| self.publish(sender));
    }

    fn publish(&mut self, core: CoreId) {
        for _ in 0..self.post.take_published(core) {
            self.driver(core).input(Input::Publish);
            self.rouse(core);
        }
    }

    fn carry_out(&mut self, core: CoreId, output: Output) {
        match output {
            Output::Answer(call, answer) => {
                let refused = matches!(answer, Err(Error::NoSpace));
                assert!(
                    !refused || self.was_full,
                    "refused for want of room that was never missing"
                );
                self.told.push_back(Told::Answer(core, call, answer));
            }
            Output::Watch(stream, responses) => {
                self.told.push_back(Told::Watch(core, stream, responses));
            }
            Output::EndStream(stream, error) => {
                self.told.push_back(Told::EndStream(core, stream, error));
            }
            Output::Mail(to, mail) => {
                let max = self.driver(core).core.mails_max();
                self.post.send(core, to, mail, max);
                self.counts.mails += 1;
                self.rouse_other(to);
            }
            Output::Publish => {
                self.post.publish(core);
                self.publish(core);
            }
            Output::Wake(other) => {
                self.driver(other).wake();
                self.rouse_other(other);
            }
            Output::Write(write) => self.write(core, &write),
            Output::PrepareSegment(segment) => {
                let delay = self.io_delay(core);
                self.schedule.plan(self.now + delay, Event::Prepare(core, segment, false));
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
        self.writing.insert(core);
        self.counts.syncs += 1;
        self.counts.bytes += u64::from(write.len());
        self.disk.write(segment, write.offset(), bytes);
        let written = Event::Written(core, write.number(), segment);
        let delay = self.io_delay(core);
        self.schedule.plan(self.now + delay, written);
    }

    fn plan_turn(&mut self, core: CoreId) {
        let tempo = self.tempos.get(usize::from(core.0)).copied().unwrap_or(Tempo::Usual);
        let delay = tempo.delay(&mut self.random);
        self.schedule.plan(self.now + delay, Event::Turn(core));
    }

    fn io_delay(&mut self, core: CoreId) -> Duration {
        let delay_us = match self.random.below(50) {
            0 => self.random.below(5000),
            _ => 20 + self.random.below(200),
        };
        let stuck = self.faults.stuck_io && self.random.one_in(200);
        let stuck_ms = if stuck { self.random.below(3000) } else { 0 };
        let usual = Duration::from_micros(delay_us) * self.slowness[usize::from(core.0)];
        usual + Duration::from_millis(stuck_ms)
    }
}
