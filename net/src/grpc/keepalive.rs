//! Asking a silent client whether it is still there.

use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};

use crate::limits::Limits;
use crate::timer::{Alarm, Timer};

/// Watches one connection. It wakes its task twice an interval at most.
pub struct Keepalive {
    timer: Rc<dyn Timer>,
    interval: Duration,
    timeout: Duration,
    ping_pong: PingPong,
    alarm: Alarm,
    /// All bytes that ever came, and when the last of them did.
    seen_bytes: u64,
    seen_at: Duration,
    asked: bool,
}

impl Keepalive {
    /// Begins to watch, unless the interval is zero.
    pub fn new(timer: &Rc<dyn Timer>, limits: &Limits, ping_pong: PingPong) -> Option<Self> {
        let interval = limits.keepalive_interval;
        (!interval.is_zero()).then(|| Self {
            timer: Rc::clone(timer),
            interval,
            timeout: limits.keepalive_timeout,
            ping_pong,
            alarm: Alarm::new(&**timer, timer.now(), interval),
            seen_bytes: 0,
            seen_at: timer.now(),
            asked: false,
        })
    }

    /// Ready when the client did not answer in time. `received_bytes` is all that ever came.
    pub fn poll_dead(
        &mut self,
        now: Duration,
        received_bytes: u64,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if received_bytes != self.seen_bytes {
            (self.seen_bytes, self.seen_at, self.asked) = (received_bytes, now, false);
        }
        while self.alarm.poll(now, context) {
            // Takes an answer away, so that the next question may be asked.
            let _ = self.ping_pong.poll_pong(context);
            let silent_until = self.seen_at.saturating_add(self.interval);
            let wait = if self.asked {
                return Poll::Ready(());
            } else if now < silent_until {
                silent_until - now
            } else {
                self.asked = self.ping_pong.send_ping(Ping::opaque()).is_ok();
                self.timeout
            };
            self.alarm = Alarm::new(&*self.timer, now, wait);
        }
        Poll::Pending
    }
}
