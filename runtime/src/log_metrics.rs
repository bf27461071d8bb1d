//! How long the log's writes take: counters that one core writes and a scrape reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets of etcd's disk histograms: 1 ms, doubled each time.
pub const BUCKETS: usize = 14;

/// Counters of one core's log. Relaxed throughout: nothing is ordered by them.
#[derive(Debug, Default)]
pub struct LogMetrics {
    buckets: [AtomicU64; BUCKETS],
    above: AtomicU64,
    nanos: AtomicU64,
    bytes: AtomicU64,
}

/// What a scrape reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogTotals {
    /// Writes by the bucket that their time falls into.
    pub buckets: [u64; BUCKETS],
    /// Slower ones.
    pub above: u64,
    /// Time of all writes, in seconds.
    pub seconds: f64,
    /// Bytes of all writes.
    pub bytes: u64,
}

impl LogMetrics {
    /// Upper bounds of the buckets, in seconds.
    pub fn bounds() -> [f64; BUCKETS] {
        std::array::from_fn(|bucket| 0.001 * f64::from(1u32 << bucket))
    }

    /// A write of `bytes` was durable after `time`.
    pub fn written(&self, bytes: u64, time: Duration) {
        let doublings = time.as_micros().div_ceil(1000).max(1).next_power_of_two().ilog2();
        self.buckets.get(doublings as usize).unwrap_or(&self.above).fetch_add(1, Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Adds this core's counts to `totals`.
    pub fn add_to(&self, totals: &mut LogTotals) {
        for (total, bucket) in totals.buckets.iter_mut().zip(&self.buckets) {
            *total += bucket.load(Relaxed);
        }
        totals.above += self.above.load(Relaxed);
        totals.seconds += Duration::from_nanos(self.nanos.load(Relaxed)).as_secs_f64();
        totals.bytes += self.bytes.load(Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_the_first_bucket_that_holds_them() {
        let metrics = LogMetrics::default();
        for micros in [0, 1000, 1001, 2000, 8_192_000, 8_192_001] {
            metrics.written(10, Duration::from_micros(micros));
        }
        let mut totals = LogTotals::default();
        metrics.add_to(&mut totals);
        assert_eq!((totals.buckets[0], totals.buckets[1], totals.buckets[13]), (2, 2, 1));
        assert_eq!((totals.above, totals.bytes), (1, 60));
    }
}
