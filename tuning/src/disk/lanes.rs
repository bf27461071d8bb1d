//! The same operation again and again, several at a time, and how long each took.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use braid_runtime::clock::Clock;
use braid_runtime::files::FileError;

/// Most operations of one measurement: enough for a 99th percentile that stands still.
const OPERATIONS_MAX: usize = 100_000;

/// How long operations took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Of each operation, in ascending order.
    sorted: Vec<Duration>,
    /// Of all of them together.
    elapsed: Duration,
}

impl Times {
    /// The time within which this share of the operations was done, in per cent.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let index = self.sorted.len() * percent / 100;
        self.sorted.get(index).or(self.sorted.last()).copied().unwrap_or_default()
    }

    /// Half of the operations were done within this time.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// Operations in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.sorted.len() as f64 / seconds } else { 0.0 }
    }

    /// Operations that were measured.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sorted.len()
    }
}

/// Runs `lanes` lanes beside each other. Each of them repeats `operation`, which is told its lane and
/// how many came before in it, until `limit` has passed: once at least, and one after the other.
///
/// # Errors
/// The first of the operations that failed.
pub(super) async fn repeat(
    clock: Clock,
    lanes: usize,
    limit: Duration,
    operation: impl AsyncFn(usize, u64) -> Result<(), FileError>,
) -> Result<Times, FileError> {
    let began = clock.now();
    let outcome = RefCell::new((Vec::new(), None));
    let run = async |lane: usize| {
        for number in 0.. {
            let before = clock.now();
            let result = operation(lane, number).await;
            let (times, failure) = &mut *outcome.borrow_mut();
            times.push(clock.now() - before);
            *failure = failure.take().or(result.err());
            let is_enough = times.len() >= OPERATIONS_MAX || clock.now() - began >= limit;
            if is_enough || failure.is_some() {
                break;
            }
        }
    };
    together((0..lanes).map(run).collect()).await;
    let (mut sorted, failure) = outcome.into_inner();
    sorted.sort_unstable();
    match failure {
        Some(error) => Err(error),
        None => Ok(Times { sorted, elapsed: clock.now() - began }),
    }
}

/// Completes once all of a few futures have.
async fn together<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    poll_fn(move |context: &mut Context<'_>| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Times as a test wants them: each of these, in milliseconds, one after the other.
#[cfg(test)]
pub(crate) fn times_ms(each: &[u64]) -> Times {
    let mut sorted: Vec<_> = each.iter().map(|&ms| Duration::from_millis(ms)).collect();
    sorted.sort_unstable();
    Times { elapsed: sorted.iter().sum(), sorted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates() {
        let times = times_ms(&[4, 1, 2, 3]);
        assert_eq!(times.median(), Duration::from_millis(3));
        assert_eq!(times.percentile(99), Duration::from_millis(4));
        assert!((times.rate() - 400.0).abs() < 1.0);
        let none = Times::default();
        assert_eq!((none.median(), none.count()), (Duration::ZERO, 0));
        assert!(none.rate().abs() < f64::EPSILON);
    }
}
