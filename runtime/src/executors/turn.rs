//! A pause that lets the core look at its sockets, files and timers.

use std::future::poll_fn;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::task::{Context, Poll};

use glommio::io::PollableFd;

use crate::readiness::Readiness;

/// Pauses of one task that has much to do.
///
/// A task that merely wakes itself lets other tasks run, but not the rings: what waits for I/O
/// would wait for up to 100 ms. A turn waits for a descriptor that is always ready, so it ends as
/// soon as every other ready task has run and the rings have been emptied.
#[derive(Debug)]
pub struct Turn {
    always_ready: PollableFd<OwnedFd>,
    readiness: Readiness,
    /// Times that [`Self::go_on`] was called.
    rounds: u32,
}

/// Rounds of which one ends with a turn. A turn costs some system calls, a wake-up none.
const ROUNDS_PER_TURN: u32 = 8;

impl Turn {
    /// Only on a core's executor.
    ///
    /// # Errors
    /// The system's, when no descriptor is left.
    pub fn new() -> io::Result<Self> {
        let flags = libc::EFD_NONBLOCK | libc::EFD_CLOEXEC;
        // SAFETY: the call takes no pointers.
        let descriptor = unsafe { libc::eventfd(1, flags) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made it, so it has no other owner.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let always_ready = PollableFd::new(descriptor)?;
        Ok(Self { always_ready, readiness: Readiness::new(), rounds: 0 })
    }

    /// Pending once, and ready when the task is woken after the core has looked around. Polled
    /// again without need it stays pending; the turn goes on.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // An error means that the wait failed at once, which is a short turn.
        self.readiness.poll(&self.always_ready, context).map(drop)
    }

    /// For a task that works in rounds and has one more to do: it will be polled again, mostly as
    /// soon as the other ready tasks have run, now and then after a turn.
    pub fn go_on(&mut self, context: &mut Context<'_>) {
        self.rounds = self.rounds.wrapping_add(1);
        let at_once = !self.rounds.is_multiple_of(ROUNDS_PER_TURN);
        // The first poll may only find the end of the turn before.
        if at_once || (self.poll(context).is_ready() && self.poll(context).is_ready()) {
            context.waker().wake_by_ref();
        }
    }

    /// [`Self::poll`] as a future.
    pub async fn wait(&mut self) {
        poll_fn(|context| self.poll(context)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::executors::spawn;
    use glommio::LocalExecutor;
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    /// With pauses that only yield, each timer would wait for glommio's preemption, 100 ms.
    #[test]
    fn timers_run_between_the_turns_of_a_busy_task() {
        const TIMERS: u32 = 20;
        LocalExecutor::default().run(async {
            let done = Rc::new(Cell::new(false));
            let stop = done.clone();
            spawn(async move {
                let mut turn = Turn::new().unwrap();
                while !stop.get() {
                    turn.wait().await;
                }
            });
            let began = Instant::now();
            for _ in 0..TIMERS {
                clock::sleep(Duration::from_micros(100)).await;
            }
            done.set(true);
            assert!(began.elapsed() < TIMERS * Duration::from_millis(100) / 4);
        });
    }

    #[test]
    fn timers_run_between_the_rounds_of_a_busy_task() {
        LocalExecutor::default().run(async {
            let mut turn = Turn::new().unwrap();
            let timers_left = Rc::new(Cell::new(20));
            let left = timers_left.clone();
            spawn(async move {
                while left.get() > 0 {
                    clock::sleep(Duration::from_micros(100)).await;
                    left.set(left.get() - 1);
                }
            });
            let began = Instant::now();
            poll_fn(|context| {
                turn.go_on(context);
                if timers_left.get() == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            assert!(began.elapsed() < 20 * Duration::from_millis(100) / 4);
        });
    }

    #[test]
    fn every_ready_task_runs_within_a_turn() {
        LocalExecutor::default().run(async {
            let ran = Rc::new(Cell::new(0));
            for _ in 0..10 {
                let ran = ran.clone();
                spawn(async move { ran.set(ran.get() + 1) });
            }
            Turn::new().unwrap().wait().await;
            assert_eq!(ran.get(), 10);
        });
    }
}
