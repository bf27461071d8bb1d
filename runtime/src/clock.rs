//! The clock: monotonic time for the engine, and timers for tasks. The time of day is not read here:
//! it may jump, and so only the lines of the log tell it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use braid_core::stages::{StageClock, StageTimes, Stopwatch};
use glommio::timer::Timer;

/// Monotonic time since the process began. Made once and copied to every core, so that times of
/// different cores can be compared.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A stopwatch that goes by this clock.
    pub fn stopwatch(self, times: Arc<StageTimes>) -> Stopwatch {
        Stopwatch::new(times, Rc::new(self))
    }
}

impl StageClock for Clock {
    fn now(&self) -> Duration {
        Self::now(self)
    }

    fn interruptions(&self) -> u64 {
        // SAFETY: all-zero bytes are a valid rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes to memory that is ours for the call; it cannot fail for the
        // own thread.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
        u64::try_from(usage.ru_nivcsw).unwrap_or_default()
    }
}

/// Completes after `duration`, on a core's executor.
pub async fn sleep(duration: Duration) {
    Timer::new(duration).await;
}

/// One timer that a hand-written future moves about, instead of making a new one for each wait.
#[derive(Debug)]
pub struct Alarm {
    clock: Clock,
    due: Option<Duration>,
    timer: Timer,
}

impl Alarm {
    /// An alarm that is not set. Only on a core's executor.
    pub fn new(clock: Clock) -> Self {
        Self { clock, due: None, timer: Timer::new(Duration::ZERO) }
    }

    /// Rings at `due` instead of whatever was set before.
    pub fn set(&mut self, due: Duration) {
        if self.due != Some(due) {
            self.due = Some(due);
            self.timer = Timer::new(due.saturating_sub(self.clock.now()));
        }
    }

    /// Does not ring any more.
    pub fn clear(&mut self) {
        self.due = None;
    }

    /// Ready once the alarm rings, which clears it; an alarm that is not set stays pending.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.due.is_none() || Pin::new(&mut self.timer).poll(context).is_pending() {
            return Poll::Pending;
        }
        self.due = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glommio::LocalExecutor;
    use std::future::poll_fn;

    #[test]
    fn an_alarm_rings_once_and_not_early() {
        LocalExecutor::default().run(async {
            let clock = Clock::start();
            let mut alarm = Alarm::new(clock);
            alarm.set(Duration::from_secs(3600));
            alarm.set(Duration::from_millis(5));
            poll_fn(|context| alarm.poll(context)).await;
            assert!(clock.now() >= Duration::from_millis(5));
            let again = poll_fn(|context| Poll::Ready(alarm.poll(context))).await;
            assert!(again.is_pending());
        });
    }

    #[test]
    fn a_cleared_alarm_stays_silent() {
        LocalExecutor::default().run(async {
            let mut alarm = Alarm::new(Clock::start());
            alarm.set(Duration::ZERO);
            alarm.clear();
            sleep(Duration::from_millis(2)).await;
            assert!(poll_fn(|context| Poll::Ready(alarm.poll(context))).await.is_pending());
        });
    }
}
