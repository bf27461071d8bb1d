//! What the executor lends to front-end tasks: time and spawning. No clock is read elsewhere.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A future that stays on its thread.
pub type LocalBoxFuture<T = ()> = Pin<Box<dyn Future<Output = T>>>;

/// Starts a task on the executor of this core.
pub type Spawner = Rc<dyn Fn(LocalBoxFuture)>;

/// Wakes a task that has more to do, once the core has looked after everybody else: other tasks,
/// sockets, timers. A task that merely wakes itself may keep its executor from its sockets.
pub type GiveWay = Rc<dyn Fn(&Waker)>;

/// The clock of this core.
pub trait Timer {
    /// Time since a fixed moment; never goes back.
    fn now(&self) -> Duration;

    /// Completes once `duration` has passed.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture;
}

/// Which of two futures was first.
pub enum Either<A, B> {
    /// The first argument's.
    First(A),
    /// The second argument's.
    Second(B),
}

/// Waits for whichever future is first; the other one is dropped. When both are ready the first
/// argument wins.
pub async fn either<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    let mut first = pin!(first);
    let mut second = pin!(second);
    poll_fn(|context| {
        if let Poll::Ready(output) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(output));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
    .await
}

/// `future`'s output, or nothing when `limit` has passed first.
pub async fn within<F: Future>(timer: &dyn Timer, limit: Duration, future: F) -> Option<F::Output> {
    match either(future, timer.sleep(limit)).await {
        Either::First(output) => Some(output),
        Either::Second(()) => None,
    }
}

/// How early a timer may fire: within this time of its due moment it is always polled.
const EARLY: Duration = Duration::from_millis(10);

/// A timer inside a task that is polled for many reasons: it costs a comparison until it is due.
/// The task must keep its waker.
pub struct Alarm {
    at: Duration,
    sleep: LocalBoxFuture,
    registered: bool,
}

impl Alarm {
    /// Set to go off `wait` after `now`.
    #[must_use]
    pub fn new(timer: &dyn Timer, now: Duration, wait: Duration) -> Self {
        Self { at: now.saturating_add(wait), sleep: timer.sleep(wait), registered: false }
    }

    /// When it goes off.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Whether it went off; otherwise the task is woken when it does.
    pub fn poll(&mut self, now: Duration, context: &mut Context<'_>) -> bool {
        if self.registered && now + EARLY < self.at {
            return false;
        }
        self.registered = true;
        self.sleep.as_mut().poll(context).is_ready()
    }
}
