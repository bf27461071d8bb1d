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
    /// Bytes received when the alarm was set.
    seen_bytes: u64,
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
        while self.alarm.poll(now, context) {
            // Takes an answer away, so that the next question may be asked.
            let _ = self.ping_pong.poll_pong(context);
            let silent = received_bytes == self.seen_bytes;
            if silent && self.asked {
                return Poll::Ready(());
            }
            self.seen_bytes = received_bytes;
            self.asked = silent && self.ping_pong.send_ping(Ping::opaque()).is_ok();
            let wait = if self.asked { self.timeout } else { self.interval };
            self.alarm = Alarm::new(&*self.timer, now, wait);
        }
        Poll::Pending
    }
}
