//! How long writes wait, and for what.

use std::sync::Arc;
use std::time::Duration;

use super::Core;
use crate::stages::{StageTimes, Stopwatch, Wait};

impl Core {
    /// Adds to `times` what requests wait for, and with `stopwatch` where the core's time goes.
    /// The turns of `stopwatch` are the driver's.
    pub fn measure(&mut self, times: Arc<StageTimes>, stopwatch: Stopwatch) {
        self.times = times;
        self.stopwatch = stopwatch;
    }

    /// It is `now`. Since the last call nothing has changed, so everybody has waited that long.
    pub(super) fn pass_time(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.now);
        if passed.is_zero() {
            return;
        }
        self.now = now;
        self.times.waited(Wait::Log, self.writes.waiting_for_log(), passed);
        self.times.waited(Wait::Batch, self.writes.batch_writes, passed);
        self.times.waited(Wait::Sync, self.writes.waiting_for_sync(), passed);
        self.times.waited(Wait::Commit, self.waiters.len(), passed);
    }
}
