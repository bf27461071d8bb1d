//! Calls in flight on one connection, polled by the connection's own task.
//!
//! A slot keeps its waker when its call is over, so that a call costs neither a task nor an
//! allocation; a wake-up notes the slot's number, and only the first of a batch wakes the task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Slots whose memory is kept when no call is in flight.
const SPARE_SLOTS: usize = 256;

/// The calls of a connection.
pub struct Slots<T> {
    entries: Vec<Option<T>>,
    signals: Vec<(Arc<Signal>, Waker)>,
    free: Vec<usize>,
    woken: Vec<usize>,
    queue: Arc<Mutex<Queue>>,
}

/// Slots that were woken, and the task that polls them. Everything here stays on one thread;
/// the lock is what safe wakers cost.
#[derive(Default)]
struct Queue {
    woken: Vec<usize>,
    task: Option<Waker>,
}

struct Signal {
    queue: Arc<Mutex<Queue>>,
    index: usize,
    queued: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut queue = lock(&self.queue);
        queue.woken.push(self.index);
        if queue.woken.len() == 1
            && let Some(task) = queue.task.take()
        {
            drop(queue);
            task.wake();
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            signals: Vec::new(),
            free: Vec::new(),
            woken: Vec::new(),
            queue: Arc::default(),
        }
    }
}

impl<T> Slots<T> {
    /// How many calls are in flight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Adds a call and marks it to be polled.
    pub fn insert(&mut self, call: T) {
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        self.entries[index] = Some(call);
        let signal = &self.signals[index].0;
        if !signal.queued.swap(true, Ordering::AcqRel) {
            lock(&self.queue).woken.push(index);
        }
    }

    fn grow(&mut self) -> usize {
        let index = self.entries.len();
        let queue = Arc::clone(&self.queue);
        let signal = Arc::new(Signal { queue, index, queued: AtomicBool::new(false) });
        self.signals.push((Arc::clone(&signal), signal.into()));
        self.entries.push(None);
        index
    }

    /// Polls the woken calls with `poll` while it says so; a call that is ready leaves. Whether
    /// any was polled.
    pub fn poll_woken(
        &mut self,
        task: &mut Context<'_>,
        mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Poll<()>,
        mut go_on: impl FnMut() -> bool,
    ) -> bool {
        let mut polled = false;
        loop {
            if self.woken.is_empty() && !self.refill(task) {
                return polled;
            }
            while go_on()
                && let Some(index) = self.woken.pop()
            {
                polled = true;
                self.poll_one(index, &mut poll);
            }
            if !self.woken.is_empty() {
                return polled;
            }
        }
    }

    /// Whether some woken calls wait for the next turn.
    #[must_use]
    pub fn has_woken(&self) -> bool {
        !self.woken.is_empty()
    }

    /// Takes what was woken; when nothing was, leaves the task's waker for the next.
    fn refill(&mut self, task: &Context<'_>) -> bool {
        let mut queue = lock(&self.queue);
        std::mem::swap(&mut queue.woken, &mut self.woken);
        if !self.woken.is_empty() {
            // Popped from the end: first woken, first polled.
            self.woken.reverse();
            return true;
        }
        if !queue.task.as_ref().is_some_and(|known| known.will_wake(task.waker())) {
            queue.task = Some(task.waker().clone());
        }
        false
    }

    fn poll_one(
        &mut self,
        index: usize,
        poll: &mut impl FnMut(&mut T, &mut Context<'_>) -> Poll<()>,
    ) {
        let (signal, waker) = &self.signals[index];
        signal.queued.store(false, Ordering::Release);
        let Some(call) = &mut self.entries[index] else { return };
        if poll(call, &mut Context::from_waker(waker)).is_ready() {
            self.entries[index] = None;
            self.free.push(index);
            self.forget_spare();
        }
    }

    /// The calls in flight.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    /// Wakes every call, so that deadlines are looked at.
    pub fn wake_all(&self) {
        let calls = self.entries.iter().zip(&self.signals).filter(|(call, _)| call.is_some());
        calls.for_each(|(_, (_, waker))| waker.wake_by_ref());
    }

    /// After a burst the memory goes back. Old wakers may still name a slot that is gone, so the
    /// queue starts anew with them.
    fn forget_spare(&mut self) {
        if self.len() == 0 && self.entries.len() > SPARE_SLOTS {
            let task = lock(&self.queue).task.take();
            *self = Self::default();
            lock(&self.queue).task = task;
        }
    }
}

#[cfg(test)]
mod tests;
