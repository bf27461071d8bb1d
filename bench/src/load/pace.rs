//! When operations begin: at once after the last one, or at a fixed rate.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::Mutex;

use super::Window;

/// Decides when a client's next operation is due.
pub enum Pace {
    /// As soon as the client is free.
    Closed,
    /// At fixed times, whether or not a client is free; clients take them in turn.
    Open(Mutex<Arrivals>),
}

impl Pace {
    /// `rate` operations a second over all threads of which this is one.
    pub fn new(rate: Option<f64>, thread: usize, threads: usize) -> io::Result<Self> {
        match rate {
            None => Ok(Self::Closed),
            Some(rate) => Ok(Self::Open(Mutex::new(Arrivals::new(rate, thread, threads)?))),
        }
    }

    /// When the next operation is due; waits for it. None when the window has ended.
    pub async fn next(&self, window: &Window) -> Option<Instant> {
        match self {
            Self::Closed => Some(Instant::now()).filter(|now| *now < window.end),
            Self::Open(arrivals) => arrivals.lock().await.next(window).await,
        }
    }
}

/// The arrivals of one thread. The runtime's timer has steps of a millisecond, which would stand
/// in every latency; this one has nanoseconds.
pub struct Arrivals {
    timer: AsyncFd<OwnedFd>,
    interval: Duration,
    offset: Duration,
    taken: u32,
}

impl Arrivals {
    fn new(rate: f64, thread: usize, threads: usize) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        #[expect(deprecated, reason = "sound with an owned descriptor; its successor is unsafe")]
        let timer = AsyncFd::new(timer)?;
        let between = Duration::from_secs_f64(1.0 / rate);
        Ok(Self {
            timer,
            interval: between * threads as u32,
            offset: between * thread as u32,
            taken: 0,
        })
    }

    async fn next(&mut self, window: &Window) -> Option<Instant> {
        let due = window.begin + self.offset + self.interval * self.taken;
        let now = Instant::now();
        if due >= window.end || now >= window.end {
            return None;
        }
        if let Some(wait) = due.checked_duration_since(now).filter(|wait| !wait.is_zero()) {
            self.sleep(wait).await.ok()?;
        }
        self.taken += 1;
        Some(due)
    }

    async fn sleep(&mut self, wait: Duration) -> io::Result<()> {
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        let timer = Itimerspec { it_interval: once, it_value: wait };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &timer)?;
        let mut ready = self.timer.readable().await?;
        let mut expirations = [0; 8];
        rustix::io::read(self.timer.get_ref(), &mut expirations)?;
        ready.clear_ready();
        Ok(())
    }
}
