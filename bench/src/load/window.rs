//! When a run warms up, measures and ends.

use std::time::{Duration, Instant};

/// How long operations may take after the end: a whole list takes long on a busy machine.
const DRAIN: Duration = Duration::from_secs(60);

/// The same when somebody waits for the report.
const DRAIN_WHEN_CUT: Duration = Duration::from_secs(3);

/// The times of a run, the same for all threads.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The load begins.
    pub begin: Instant,
    /// From here on it is measured.
    pub from: Instant,
    /// The last operations begin before this.
    pub end: Instant,
    /// How long they may still take then.
    pub drain: Duration,
}

impl Window {
    /// A window that begins shortly after `now`.
    pub fn after(now: Instant, warm_up: Duration, measured: Duration) -> Self {
        let begin = now + Duration::from_millis(20);
        let from = begin + warm_up;
        Self { begin, from, end: from + measured, drain: DRAIN }
    }

    /// The same, ended at once.
    pub fn cut(mut self, now: Instant) -> Self {
        self.end = self.end.min(now);
        self.drain = DRAIN_WHEN_CUT;
        self
    }

    /// How long is measured.
    pub fn measured(&self) -> Duration {
        self.end.saturating_duration_since(self.from)
    }
}
