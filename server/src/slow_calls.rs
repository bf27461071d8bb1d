//! Warnings about calls that take long, in etcd's words, and at most some a second.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use braid_net::grpc::method::Method;
use braid_net::grpc::slow::{SlowCall, SlowCalls};
use braid_runtime::clock::Clock;

use crate::config::SlowThresholds;

/// Lines of one core in [`INTERVAL`]: when everything is slow, the first calls tell enough.
const LINES_MAX: u32 = 10;
const INTERVAL: Duration = Duration::from_secs(1);

/// A core's log of slow calls.
#[must_use]
pub fn sink(thresholds: SlowThresholds, clock: Clock) -> SlowCalls {
    let limit = RateLimit::default();
    SlowCalls {
        threshold: thresholds.request.min(thresholds.apply),
        log: Rc::new(move |call| {
            if let Some(suppressed) = limit.admit(clock.now()) {
                log(&call(), thresholds, suppressed);
            }
        }),
    }
}

/// As in etcd one call can be worth both lines.
fn log(call: &SlowCall, thresholds: SlowThresholds, suppressed: u64) {
    let SlowCall { method, took, request, request_bytes, code } = call;
    if *took > thresholds.apply {
        let prefix = if is_read(*method) { "read-only range " } else { "" };
        tracing::warn!(
            ?took,
            "expected-duration" = ?thresholds.apply,
            prefix,
            request,
            response = ?code,
            suppressed,
            "apply request took too long"
        );
    }
    if *took > thresholds.request {
        let method = format_args!("/{}/{}", method.service(), method.name());
        tracing::warn!(
            "response type" = %method,
            "time spent" = ?took,
            "request size" = request_bytes,
            "request content" = request,
            response = ?code,
            suppressed,
            "request stats"
        );
    }
}

fn is_read(method: Method) -> bool {
    matches!(method, Method::Range | Method::Hash | Method::HashKv | Method::LeaseLeases)
}

/// Lets some lines through in each interval.
#[derive(Debug, Default)]
struct RateLimit {
    began: Cell<Duration>,
    lines: Cell<u32>,
    suppressed: Cell<u64>,
}

impl RateLimit {
    /// Whether a line may be written at `now`, and how many were not since the last one.
    fn admit(&self, now: Duration) -> Option<u64> {
        if now.saturating_sub(self.began.get()) >= INTERVAL {
            self.began.set(now);
            self.lines.set(0);
        }
        if self.lines.get() >= LINES_MAX {
            self.suppressed.set(self.suppressed.get() + 1);
            return None;
        }
        self.lines.set(self.lines.get() + 1);
        Some(self.suppressed.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_told_with_the_next_line() {
        let limit = RateLimit::default();
        let second = Duration::from_secs(1);
        let admitted: Vec<_> = (0..25).filter_map(|_| limit.admit(5 * second)).collect();
        assert_eq!(admitted, [0; LINES_MAX as usize]);
        assert_eq!(limit.admit(6 * second), Some(15));
        assert_eq!(limit.admit(6 * second), Some(0));
    }
}
