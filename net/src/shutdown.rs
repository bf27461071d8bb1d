//! The signal that tells every connection of a core to finish.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Set once, observed by many. Clones share it.
#[derive(Clone, Default)]
pub struct Shutdown {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    set: Cell<bool>,
    last_id: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waker>>,
}

impl Shutdown {
    /// Tells everybody to finish.
    pub fn begin(&self) {
        self.inner.set.set(true);
        let waiting = std::mem::take(&mut *self.inner.waiting.borrow_mut());
        waiting.into_values().for_each(Waker::wake);
    }

    /// Whether [`Self::begin`] was called.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.inner.set.get()
    }

    /// A place in the queue of those who want to be told.
    #[must_use]
    pub fn listener(&self) -> Listener {
        let id = self.inner.last_id.get() + 1;
        self.inner.last_id.set(id);
        Listener { shutdown: self.clone(), id }
    }
}

/// Waits for the signal; holds at most one waker, until it is dropped.
pub struct Listener {
    shutdown: Shutdown,
    id: u64,
}

impl Listener {
    /// Ready once the shutdown has begun.
    pub fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.shutdown.has_begun() {
            return Poll::Ready(());
        }
        let mut waiting = self.shutdown.inner.waiting.borrow_mut();
        let waker = waiting.entry(self.id).or_insert_with(|| context.waker().clone());
        if !waker.will_wake(context.waker()) {
            *waker = context.waker().clone();
        }
        Poll::Pending
    }

    /// Completes once the shutdown has begun.
    pub async fn begun(mut self) {
        std::future::poll_fn(|context| self.poll_begun(context)).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shutdown.inner.waiting.borrow_mut().remove(&self.id);
    }
}
