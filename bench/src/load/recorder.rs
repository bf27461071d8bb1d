//! What one load thread notes down.

use std::time::Instant;

use super::{Kind, Slice, Window};
use crate::failure::Failure;

/// Collects until someone takes it.
#[derive(Debug, Default)]
pub struct Recorder {
    slice: Slice,
}

impl Recorder {
    /// Notes an operation that was due at `due` and ended at `now`, with its payload in bytes.
    /// What was due before the measurement only warmed up.
    pub fn done(&mut self, window: &Window, kind: Kind, due: Instant, now: Instant, bytes: u64) {
        if due < window.from {
            return;
        }
        let tally = self.slice.kinds.entry(kind).or_default();
        let latency = now.saturating_duration_since(due).as_nanos() as u64;
        tally.latency.saturating_record(latency.max(1));
        if now <= window.end {
            tally.completed += 1;
            tally.bytes += bytes;
        }
    }

    /// Counts things that have no latency.
    pub fn count(&mut self, window: &Window, kind: Kind, number: u64, now: Instant, bytes: u64) {
        if (window.from..=window.end).contains(&now) {
            let tally = self.slice.kinds.entry(kind).or_default();
            tally.completed += number;
            tally.bytes += bytes;
        }
    }

    /// Notes a failure, whenever it happens.
    pub fn failed(&mut self, kind: Kind, failure: &Failure) {
        *self.slice.errors.entry((kind, failure.kind().into_owned())).or_default() += 1;
    }

    /// What came since the last time.
    pub fn take(&mut self) -> Slice {
        std::mem::take(&mut self.slice)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_was_due_in_the_window_counts() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let window = Window { from: now + second, ..Window::after(now, second, 2 * second) };
        let window = Window { end: now + 3 * second, ..window };
        let mut recorder = Recorder::default();
        recorder.done(&window, Kind::Put, now, now + 2 * second, 1);
        recorder.done(&window, Kind::Put, now + second, now + 2 * second, 1);
        recorder.done(&window, Kind::Put, now + 2 * second, now + 4 * second, 1);
        let slice = recorder.take();
        let tally = &slice.kinds[&Kind::Put];
        // The last one ended too late for the rate, but its latency is not hidden.
        assert_eq!((tally.completed, tally.latency.len()), (1, 2));
        assert!(tally.latency.max() >= 2_000_000_000);
        assert!(recorder.take().kinds.is_empty());
    }
}
