//! Automatic compaction, as `--auto-compaction-mode` and `--auto-compaction-retention` ask for it.

use std::collections::VecDeque;
use std::time::Duration;

use braid_core::api::{CompactRequest, Request, Response};
use braid_core::error::Error;
use braid_core::port::Port;
use braid_runtime::clock;

use crate::config::AutoCompaction;

/// How often history is measured against a number of revisions, as in etcd.
const REVISION_INTERVAL: Duration = Duration::from_secs(300);
/// A longer period is compacted this often, as in etcd.
const PERIOD_MAX: Duration = Duration::from_secs(3600);
/// Samples of the revision that are taken in one interval, as in etcd.
const SAMPLES_PER_INTERVAL: u32 = 10;

/// Compacts for ever, as asked.
pub async fn run(port: Port, mode: AutoCompaction) {
    match mode {
        AutoCompaction::Off => {}
        AutoCompaction::Revision(kept) => by_revision(&port, kept).await,
        AutoCompaction::Periodic(period) => by_period(&port, period).await,
    }
}

async fn by_revision(port: &Port, kept: i64) {
    loop {
        clock::sleep(REVISION_INTERVAL).await;
        if let Some(revision) = current(port).await {
            compact(port, revision - kept).await;
        }
    }
}

/// Keeps the history of `period`: what was current that long ago is compacted.
async fn by_period(port: &Port, period: Duration) {
    let interval = period.min(PERIOD_MAX) / SAMPLES_PER_INTERVAL;
    let mut window = Window::new(period, interval);
    loop {
        if let Some(revision) = current(port).await
            && let Some(old) = window.sample(revision)
        {
            compact(port, old).await;
        }
        clock::sleep(interval).await;
    }
}

/// The revisions that were current, one for each sample of the period that is kept.
struct Window {
    samples: VecDeque<i64>,
    len: usize,
    since_compaction: u32,
}

impl Window {
    fn new(period: Duration, interval: Duration) -> Self {
        let len = period.as_millis().checked_div(interval.as_millis()).unwrap_or(1).max(1);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Self { samples: VecDeque::new(), len, since_compaction: SAMPLES_PER_INTERVAL }
    }

    /// Takes a sample; the revision to compact when one is due.
    fn sample(&mut self, revision: i64) -> Option<i64> {
        self.samples.push_back(revision);
        self.since_compaction += 1;
        if self.samples.len() <= self.len {
            return None;
        }
        let old = self.samples.pop_front()?;
        if self.since_compaction < SAMPLES_PER_INTERVAL {
            return None;
        }
        self.since_compaction = 0;
        Some(old)
    }
}

async fn current(port: &Port) -> Option<i64> {
    match port.call(Request::Status).await {
        Ok(Response::Status(status)) => i64::try_from(status.revision.0).ok(),
        other => {
            tracing::warn!("automatic compaction cannot learn the revision: {other:?}");
            None
        }
    }
}

async fn compact(port: &Port, revision: i64) {
    if revision <= 0 {
        return;
    }
    match port.call(Request::Compact(CompactRequest { revision, physical: false })).await {
        Ok(_) => tracing::info!(revision, "compacted automatically"),
        // Nothing was written since the last time.
        Err(Error::Compacted) => {}
        Err(error) => tracing::warn!(revision, "automatic compaction failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_short_period_is_compacted_once_a_period() {
        let mut window = Window::new(10 * MINUTE, MINUTE);
        let due: Vec<_> = (0..=35).filter_map(|at| Some((at, window.sample(at)?))).collect();
        assert_eq!(due, [(10, 0), (20, 10), (30, 20)]);
    }

    #[test]
    fn a_long_period_is_compacted_every_hour() {
        let mut window = Window::new(3 * 60 * MINUTE, 6 * MINUTE);
        let due: Vec<_> = (0..=60).filter_map(|at| Some((at, window.sample(at)?))).collect();
        assert_eq!(due, [(30, 0), (40, 10), (50, 20), (60, 30)]);
    }
}
