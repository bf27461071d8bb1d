//! Where the time of a request goes: processor time by stage, and waiting by what is waited for.
//!
//! Processor time is measured in one of [`SAMPLED`] turns and counted that many times, so that
//! reading the clock costs next to nothing. A turn during which the thread lost its processor is
//! measured again at the next one: what others did in between is no stage of ours. Waiting is an integral: how many writes wait, times how
//! long; by Little's law, its growth over a time divided by the writes of that time is the mean
//! wait of one.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// One of so many turns is measured. A prime, so that connections that take turns in a fixed order
/// are all met.
pub const SAMPLED: u32 = 31;

macro_rules! labelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $label:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of a request's way.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in `/metrics`.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

labelled! {
    /// What a core is busy with.
    Stage {
        /// Taking bytes from sockets.
        Read = "read",
        /// HTTP/2: frames, header compression, streams, flow control.
        Http2 = "http2",
        /// Messages into requests.
        Decode = "decode",
        /// Requests, mails and finished I/O into the engine; reads are answered here.
        Route = "route",
        /// Evaluating writes.
        Evaluate = "evaluate",
        /// Raft, and encoding records for the log.
        Append = "append",
        /// Applying what the watermark has passed; answers and events.
        Apply = "apply",
        /// Answers into messages.
        Encode = "encode",
        /// Giving bytes to sockets.
        Write = "write",
    }
}

labelled! {
    /// What a write waits for.
    Wait {
        /// For the log to take it: the write before is under way.
        Log = "log",
        /// Evaluated, for the rest of its batch: other tasks get their turn while a large one is
        /// evaluated.
        Batch = "batch",
        /// For its bytes to be durable.
        Sync = "sync",
        /// From its evaluation to its answer: the batch, the sync, and then the watermark.
        Commit = "commit",
    }
}

/// The times of one core; it writes them, a scrape reads them. Nothing is ordered by them.
#[derive(Debug, Default)]
pub struct StageTimes {
    stages: [AtomicU64; Stage::ALL.len()],
    waits: [AtomicU64; Wait::ALL.len()],
}

impl StageTimes {
    /// Processor time of `stage`.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.stages[stage as usize].load(Relaxed))
    }

    /// Time that all writes together have waited.
    #[must_use]
    pub fn wait(&self, wait: Wait) -> Duration {
        Duration::from_nanos(self.waits[wait as usize].load(Relaxed))
    }

    /// `writes` have waited for another `time`.
    pub(crate) fn waited(&self, wait: Wait, writes: usize, time: Duration) {
        add(&self.waits[wait as usize], writes as u64 * nanos(time));
    }
}

/// Only the owning core writes, so nothing needs to be locked.
fn add(cell: &AtomicU64, nanos: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(nanos), Relaxed);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What a stopwatch goes by.
pub trait StageClock {
    /// The time.
    fn now(&self) -> Duration;

    /// How often the thread has lost its processor.
    fn interruptions(&self) -> u64;
}

/// Measures turns of one kind. It has no clock of its own: without one it measures nothing.
#[derive(Clone, Default)]
pub struct Stopwatch {
    inner: Option<Rc<Running>>,
}

struct Running {
    times: Arc<StageTimes>,
    clock: Rc<dyn StageClock>,
    turns: Cell<u32>,
    turn: Cell<Option<Turn>>,
}

/// A turn that is measured.
#[derive(Clone, Copy)]
struct Turn {
    stage: Stage,
    since: Duration,
    interruptions: u64,
    spent: [Duration; Stage::ALL.len()],
}

impl Turn {
    fn enter(&mut self, stage: Stage, now: Duration) {
        self.spent[self.stage as usize] += now.saturating_sub(self.since);
        (self.stage, self.since) = (stage, now);
    }
}

impl Stopwatch {
    /// A stopwatch that adds to `times`.
    #[must_use]
    pub fn new(times: Arc<StageTimes>, clock: Rc<dyn StageClock>) -> Self {
        let running = Running { times, clock, turns: Cell::new(0), turn: Cell::new(None) };
        Self { inner: Some(Rc::new(running)) }
    }

    /// A turn begins with `stage`.
    pub fn begin(&self, stage: Stage) {
        let Some(running) = &self.inner else { return };
        let turn = (running.turns.get() + 1) % SAMPLED;
        running.turns.set(turn);
        running.turn.set((turn == 0).then(|| running.begin(stage)));
    }

    /// From here on the turn is busy with `stage`. Returns what it was busy with; `None` when
    /// this turn is not measured.
    pub fn enter(&self, stage: Stage) -> Option<Stage> {
        let running = self.inner.as_ref()?;
        let mut turn = running.turn.get()?;
        let before = turn.stage;
        turn.enter(stage, running.clock.now());
        running.turn.set(Some(turn));
        Some(before)
    }

    /// Goes back to what [`Self::enter`] returned.
    pub fn leave(&self, before: Option<Stage>) {
        if let Some(before) = before {
            self.enter(before);
        }
    }

    /// The turn is over.
    pub fn end(&self) {
        if let Some(running) = &self.inner
            && let Some(turn) = running.turn.take()
        {
            running.end(turn);
        }
    }
}

impl Running {
    fn begin(&self, stage: Stage) -> Turn {
        let interruptions = self.clock.interruptions();
        Turn { stage, since: self.clock.now(), interruptions, spent: Default::default() }
    }

    fn end(&self, mut turn: Turn) {
        turn.enter(turn.stage, self.clock.now());
        if self.clock.interruptions() != turn.interruptions {
            self.turns.set(SAMPLED - 1);
            return;
        }
        for (stage, spent) in self.times.stages.iter().zip(turn.spent) {
            add(stage, u64::from(SAMPLED) * nanos(spent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that goes on by one microsecond whenever it is read.
    #[derive(Default)]
    struct Ticking {
        ticks: Cell<u64>,
        interruptions: Cell<u64>,
    }

    impl StageClock for Ticking {
        fn now(&self) -> Duration {
            self.ticks.set(self.ticks.get() + 1);
            Duration::from_micros(self.ticks.get())
        }

        fn interruptions(&self) -> u64 {
            self.interruptions.get()
        }
    }

    #[test]
    fn sampled_turns_stand_for_all() {
        let times = Arc::new(StageTimes::default());
        let stopwatch = Stopwatch::new(times.clone(), Rc::new(Ticking::default()));
        for _ in 0..10 * SAMPLED {
            stopwatch.begin(Stage::Http2);
            let before = stopwatch.enter(Stage::Decode);
            stopwatch.leave(before);
            stopwatch.end();
        }
        let turns = 10 * SAMPLED;
        assert_eq!(times.stage(Stage::Http2), 2 * turns * Duration::from_micros(1));
        assert_eq!(times.stage(Stage::Decode), turns * Duration::from_micros(1));
        assert_eq!(times.stage(Stage::Write), Duration::ZERO);
    }

    #[test]
    fn outside_of_a_turn_nothing_is_counted() {
        let times = Arc::new(StageTimes::default());
        let stopwatch = Stopwatch::new(times.clone(), Rc::new(Ticking::default()));
        assert_eq!(stopwatch.enter(Stage::Read), None);
        stopwatch.end();
        Stopwatch::default().begin(Stage::Read);
        assert!(Stage::ALL.iter().all(|stage| times.stage(*stage).is_zero()));
    }

    #[test]
    fn a_turn_that_was_interrupted_is_measured_again() {
        let times = Arc::new(StageTimes::default());
        let clock = Rc::new(Ticking::default());
        let stopwatch = Stopwatch::new(times.clone(), clock.clone());
        (1..SAMPLED).for_each(|_| stopwatch.begin(Stage::Read));
        stopwatch.begin(Stage::Read);
        clock.interruptions.set(1);
        stopwatch.end();
        assert!(times.stage(Stage::Read).is_zero());
        stopwatch.begin(Stage::Read);
        stopwatch.end();
        assert_eq!(times.stage(Stage::Read), SAMPLED * Duration::from_micros(1));
    }

    #[test]
    fn waits_add_up() {
        let times = StageTimes::default();
        times.waited(Wait::Sync, 3, Duration::from_micros(2));
        times.waited(Wait::Sync, 0, Duration::from_micros(9));
        assert_eq!(times.wait(Wait::Sync), Duration::from_micros(6));
        assert_eq!(times.wait(Wait::Log), Duration::ZERO);
    }
}
