//! One pause for all tasks of a core that have more to do.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::{Turn, spawn};

/// Wakes tasks after the next [`Turn`] of their core. Busy connections come by the hundred, and a
/// turn of its own for each would cost a descriptor and some system calls each.
#[derive(Clone)]
pub struct Turns {
    waiting: Rc<RefCell<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    /// At most a few for each task that is awake.
    tasks: Vec<Waker>,
    /// The task that takes the turns, when it has nothing to do.
    host: Option<Waker>,
}

impl Turns {
    /// Only on a core's executor.
    ///
    /// # Errors
    /// The system's, when no descriptor is left.
    pub fn new() -> io::Result<Self> {
        let turns = Self { waiting: Rc::default() };
        spawn(host(Turn::new()?, turns.waiting.clone()));
        Ok(turns)
    }

    /// Wakes `task` after the next turn.
    pub fn give_way(&self, task: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.tasks.push(task.clone());
        if let Some(host) = waiting.host.take() {
            drop(waiting);
            host.wake();
        }
    }
}

async fn host(mut turn: Turn, waiting: Rc<RefCell<Waiting>>) {
    loop {
        poll_fn(|context| {
            let mut waiting = waiting.borrow_mut();
            if waiting.tasks.is_empty() {
                waiting.host = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        turn.wait().await;
        let tasks = std::mem::take(&mut waiting.borrow_mut().tasks);
        tasks.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use glommio::LocalExecutor;
    use std::cell::Cell;
    use std::time::Duration;

    /// A task that wakes itself would run some hundred thousand times for each timer.
    #[test]
    fn timers_run_between_the_rounds_of_busy_tasks() {
        const TIMERS: u32 = 10;
        LocalExecutor::default().run(async {
            let (turns, rounds) = (Turns::new().unwrap(), Rc::new(Cell::new([0_u32; 3])));
            for task in 0..3 {
                let (turns, rounds) = (turns.clone(), rounds.clone());
                spawn(poll_fn(move |context| {
                    let mut counts = rounds.get();
                    counts[task] += 1;
                    rounds.set(counts);
                    turns.give_way(context.waker());
                    Poll::Pending
                }));
            }
            for _ in 0..TIMERS {
                clock::sleep(Duration::from_micros(100)).await;
            }
            let counts = rounds.get();
            assert!(counts.iter().all(|count| (1..TIMERS * 20).contains(count)), "{counts:?}");
        });
    }
}
