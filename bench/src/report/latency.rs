//! Latencies as figures.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::load::Tally;

/// Latencies of one kind of operation, in nanoseconds from the intended start.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// The mean.
    pub mean: f64,
    /// Half are faster.
    pub p50: u64,
    /// 90 of 100 are faster.
    pub p90: u64,
    /// 99 of 100 are faster.
    pub p99: u64,
    /// 999 of 1000 are faster.
    pub p99_9: u64,
    /// 9999 of 10,000 are faster.
    pub p99_99: u64,
    /// The slowest.
    pub max: u64,
    /// The whole curve: share of operations, and the latency that they do not exceed.
    pub curve: Vec<(f64, u64)>,
}

impl Latency {
    /// The figures of a histogram; none when it is empty.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |share| histogram.value_at_quantile(share);
        (!histogram.is_empty()).then(|| Self {
            mean: histogram.mean(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: histogram.max(),
            curve: curve(histogram),
        })
    }
}

/// Steps of the curve within each factor of ten of the share that is slower.
const STEPS: u32 = 10;

/// The shares that a plot shows, as long as one operation or more is slower.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, u64)> {
    let slower = |step: u32| 10f64.powf(-f64::from(step) / f64::from(STEPS));
    let steps = (0..=6 * STEPS).take_while(|&step| slower(step) * histogram.len() as f64 >= 1.0);
    let shares = steps.map(|step| 1.0 - slower(step)).chain([1.0]);
    shares.map(|share| (share, histogram.value_at_quantile(share))).collect()
}

/// What happened in one second.
#[derive(Clone, Debug, Serialize)]
pub struct Second {
    /// Operations a second; the last stretch may be shorter than a second.
    pub rate: f64,
    /// Half of the latencies are lower, in nanoseconds.
    pub p50: u64,
    /// 99 of 100 are.
    pub p99: u64,
}

impl Second {
    /// The figures of a stretch of `seconds`.
    pub fn of(tally: &Tally, seconds: f64) -> Self {
        Self {
            rate: tally.completed as f64 / seconds,
            p50: tally.latency.value_at_quantile(0.5),
            p99: tally.latency.value_at_quantile(0.99),
        }
    }
}
