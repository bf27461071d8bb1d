//! How many bytes the streams of a connection may hand to the HTTP/2 machine before the socket
//! has had its turn. With it, what a client does not read waits in the streams, under their
//! bounds, and not in the machine, which has none.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use crate::limits::ANSWER_BYTES_PER_TURN;

/// The gate of one connection.
#[derive(Default)]
pub struct Gate {
    left: Cell<usize>,
    closed: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Gate {
    /// A new turn of the socket: everybody may send again.
    pub fn open(&self) {
        self.left.set(ANSWER_BYTES_PER_TURN);
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The connection is gone: nobody shall wait any more.
    pub fn close(&self) {
        self.closed.set(true);
        self.open();
    }

    /// Whether something may be sent.
    pub fn is_open(&self) -> bool {
        self.left.get() > 0 || self.closed.get()
    }

    /// Notes `bytes` handed over.
    pub fn pass(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    /// Ready when something may be sent. Callers wait in line once each, apart from the few times
    /// that something else wakes them meanwhile.
    pub fn poll_open(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_open() {
            return Poll::Ready(());
        }
        self.waiting.borrow_mut().push(context.waker().clone());
        Poll::Pending
    }
}
