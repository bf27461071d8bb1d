//! Where the time of a request goes: processor time by stage, and waiting by what is waited for.
//!
//! Processor time is measured in one of [`SAMPLED`] turns and counted that many times, so that
//! reading the clock costs next to nothing. Waiting is an integral: how many writes wait, times how
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
        /// For its bytes to be durable.
        Sync = "sync",
        /// From its evaluation to its answer: the sync, and then the watermark.
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

/// Reads the time.
pub type Now = Rc<dyn Fn() -> Duration>;

/// Measures turns of one kind. It has no clock of its own: without one it measures nothing.
#[derive(Clone, Default)]
pub struct Stopwatch {
    inner: Option<Rc<Running>>,
}

struct Running {
    times: Arc<StageTimes>,
    now: Now,
    turns: Cell<u32>,
    /// The stage of the measured turn, and since when.
    current: Cell<Option<(Stage, Duration)>>,
}

impl Stopwatch {
    /// A stopwatch that adds to `times`.
    #[must_use]
    pub fn new(times: Arc<StageTimes>, now: Now) -> Self {
        let running = Running { times, now, turns: Cell::new(0), current: Cell::new(None) };
        Self { inner: Some(Rc::new(running)) }
    }

    /// A turn begins with `stage`.
    pub fn begin(&self, stage: Stage) {
        let Some(running) = &self.inner else { return };
        let turn = (running.turns.get() + 1) % SAMPLED;
        running.turns.set(turn);
        running.current.set((turn == 0).then(|| (stage, (running.now)())));
    }

    /// From here on the turn is busy with `stage`. Returns what it was busy with; `None` when
    /// this turn is not measured.
    pub fn enter(&self, stage: Stage) -> Option<Stage> {
        let running = self.inner.as_ref()?;
        let (before, since) = running.current.get()?;
        let now = (running.now)();
        running.count(before, now.saturating_sub(since));
        running.current.set(Some((stage, now)));
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
        let Some(running) = &self.inner else { return };
        if let Some((stage, since)) = running.current.take() {
            running.count(stage, (running.now)().saturating_sub(since));
        }
    }
}

impl Running {
    fn count(&self, stage: Stage, time: Duration) {
        add(&self.times.stages[stage as usize], u64::from(SAMPLED) * nanos(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that goes on by one microsecond whenever it is read.
    fn ticking() -> Now {
        let ticks = Cell::new(0);
        Rc::new(move || {
            ticks.set(ticks.get() + 1);
            Duration::from_micros(ticks.get())
        })
    }

    #[test]
    fn sampled_turns_stand_for_all() {
        let times = Arc::new(StageTimes::default());
        let stopwatch = Stopwatch::new(times.clone(), ticking());
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
        let stopwatch = Stopwatch::new(times.clone(), ticking());
        assert_eq!(stopwatch.enter(Stage::Read), None);
        stopwatch.end();
        Stopwatch::default().begin(Stage::Read);
        assert!(Stage::ALL.iter().all(|stage| times.stage(*stage).is_zero()));
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
