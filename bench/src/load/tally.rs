//! Counts and latencies of one kind of operation.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::Kind;

/// Latencies are told apart to three digits, up to this.
const LONGEST: Duration = Duration::from_secs(1000);
const DIGITS: u8 = 3;

/// What happened to operations of one kind.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Nanoseconds from the intended start to the end.
    pub latency: Histogram<u64>,
    /// Operations that ended well within the window.
    pub completed: u64,
    /// Payload that came with them, in bytes, where the workload counts it.
    pub bytes: u64,
}

impl Default for Tally {
    fn default() -> Self {
        // Both bounds are constants that the histogram accepts.
        let latency = Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, DIGITS);
        let latency = latency.unwrap_or_else(|_| unreachable!("constant bounds"));
        Self { latency, completed: 0, bytes: 0 }
    }
}

impl Tally {
    /// Adds what another has.
    pub fn merge(&mut self, other: &Self) {
        // Both have the same bounds.
        self.latency.add(&other.latency).ok();
        self.completed += other.completed;
        self.bytes += other.bytes;
    }
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// By kind; a kind that did not occur is absent.
    pub kinds: BTreeMap<Kind, Tally>,
    /// Failures by kind and name.
    pub errors: BTreeMap<(Kind, String), u64>,
}

impl Slice {
    /// Adds what another has.
    pub fn merge(&mut self, other: &Self) {
        for (&kind, tally) in &other.kinds {
            self.kinds.entry(kind).or_default().merge(tally);
        }
        for (name, count) in &other.errors {
            *self.errors.entry(name.clone()).or_default() += count;
        }
    }

    /// All failures.
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}
