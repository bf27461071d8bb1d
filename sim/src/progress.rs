//! How far a hunt has come, told now and then.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use braid_sim::story::Report;

const TELL_EVERY: Duration = Duration::from_secs(10);

/// Sums over all runs.
pub struct Progress {
    started: Instant,
    sums: Mutex<Sums>,
}

#[derive(Default)]
struct Sums {
    runs: u64,
    simulated: Duration,
    requests: u64,
    revisions: u64,
    refusals: u64,
    told: Duration,
}

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "real time, to compare simulated time with")]
    pub fn start() -> Self {
        Self { started: Instant::now(), sums: Mutex::new(Sums::default()) }
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Another run has ended well.
    pub fn add(&self, report: &Report) {
        let elapsed = self.elapsed();
        let Ok(mut sums) = self.sums.lock() else { return };
        sums.runs += 1;
        sums.simulated += report.simulated;
        sums.requests += report.requests as u64;
        sums.revisions += report.revisions;
        sums.refusals += report.refusals as u64;
        if elapsed >= sums.told + TELL_EVERY {
            sums.told = elapsed;
            sums.tell(elapsed);
        }
    }

    /// The last line.
    pub fn finish(&self) {
        if let Ok(sums) = self.sums.lock() {
            sums.tell(self.elapsed());
        }
    }
}

impl Sums {
    fn tell(&self, elapsed: Duration) {
        let simulated = self.simulated.as_secs_f64();
        println!(
            "{:>7.0} s: {} seeds, {:.2} simulated hours ({:.0} simulated seconds per second), \
             {} requests, {} revisions, {} disks refused",
            elapsed.as_secs_f64(),
            self.runs,
            simulated / 3600.0,
            simulated / elapsed.as_secs_f64(),
            self.requests,
            self.revisions,
            self.refusals,
        );
    }
}
