//! The port between a core's front-end tasks and its engine.
//!
//! A front-end task (one per HTTP/2 stream, say) hands in requests and waits for answers; the
//! core's driver drains what was handed in, steps the engine, and completes the calls. Both sides
//! run on the same executor thread, so nothing here is shared between threads. No I/O, no clock.
//!
//! Bound: a call holds its slot until it is answered or its future is dropped, so the slots are
//! bounded by the front-end's streams; a watch stream's queue is bounded by the engine, which
//! counts the bytes until [`Incoming::WatchTaken`] tells that they left.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use foldhash::HashMap;

use crate::api::{Request, Response, WatchRequest, WatchResponses};
use crate::error::Error;

/// Names a call while it is under way. Never reused on its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Names a watch stream of a core. Never reused on its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

/// What front-end tasks handed in.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A request; answer it with [`Port::complete`].
    Call(CallId, Request),
    /// A watch stream opens.
    WatchOpen(StreamId),
    /// A message on a watch stream.
    Watch(StreamId, WatchRequest),
    /// The front-end took what was delivered first off this stream's queue.
    WatchTaken(StreamId),
    /// A watch stream is gone.
    WatchClose(StreamId),
}

/// A front-end's way to its core's engine. Clones share it.
#[derive(Clone, Default)]
pub struct Port {
    inner: Rc<RefCell<Inner>>,
}

#[derive(Default)]
struct Inner {
    last_id: u64,
    incoming: Vec<Incoming>,
    driver: Option<Waker>,
    calls: HashMap<CallId, Slot>,
    streams: HashMap<StreamId, Queue>,
}

#[derive(Default)]
struct Slot {
    answer: Option<Result<Response, Error>>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Queue {
    responses: VecDeque<WatchResponses>,
    waker: Option<Waker>,
    ended: Option<Error>,
}

impl Port {
    /// Hands `request` in. The answer comes from awaiting the call; dropping it forgets the
    /// answer, not the request.
    pub fn call(&self, request: Request) -> Call {
        let mut inner = self.inner.borrow_mut();
        let id = CallId(inner.next_id());
        inner.calls.insert(id, Slot::default());
        inner.submit(Incoming::Call(id, request));
        Call { port: self.clone(), id }
    }

    /// Opens a watch stream.
    pub fn watch(&self) -> WatchStream {
        let mut inner = self.inner.borrow_mut();
        let id = StreamId(inner.next_id());
        inner.streams.insert(id, Queue::default());
        inner.submit(Incoming::WatchOpen(id));
        WatchStream { port: self.clone(), id }
    }

    /// Driver: moves everything that was handed in to `into`; `waker` is woken by the next.
    pub fn drain(&self, into: &mut Vec<Incoming>, waker: &Waker) {
        let mut inner = self.inner.borrow_mut();
        into.append(&mut inner.incoming);
        if !inner.driver.as_ref().is_some_and(|known| known.will_wake(waker)) {
            inner.driver = Some(waker.clone());
        }
    }

    /// Driver: answers a call. A call whose future was dropped is ignored.
    pub fn complete(&self, id: CallId, answer: Result<Response, Error>) {
        let mut inner = self.inner.borrow_mut();
        if let Some(slot) = inner.calls.get_mut(&id) {
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                drop(inner);
                waker.wake();
            }
        }
    }

    /// Driver: appends responses to a watch stream.
    pub fn deliver(&self, id: StreamId, responses: WatchResponses) {
        self.with_stream(id, |queue| queue.responses.push_back(responses));
    }

    /// Driver: ends a watch stream after what is queued.
    pub fn end_stream(&self, id: StreamId, error: Error) {
        self.with_stream(id, |queue| queue.ended = Some(error));
    }

    fn with_stream(&self, id: StreamId, change: impl FnOnce(&mut Queue)) {
        let mut inner = self.inner.borrow_mut();
        if let Some(queue) = inner.streams.get_mut(&id) {
            change(queue);
            if let Some(waker) = queue.waker.take() {
                drop(inner);
                waker.wake();
            }
        }
    }
}

impl Inner {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn queue(&mut self, id: StreamId) -> &mut Queue {
        self.streams.get_mut(&id).expect("the stream lives as long as its front-end side")
    }

    fn submit(&mut self, incoming: Incoming) {
        self.incoming.push(incoming);
        if self.incoming.len() == 1
            && let Some(waker) = &self.driver
        {
            waker.wake_by_ref();
        }
    }
}

/// A request under way.
pub struct Call {
    port: Port,
    id: CallId,
}

impl Future for Call {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.port.inner.borrow_mut();
        let slot = inner.calls.get_mut(&self.id).expect("a call is polled after its answer");
        match slot.answer.take() {
            Some(answer) => {
                inner.calls.remove(&self.id);
                Poll::Ready(answer)
            }
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.port.inner.borrow_mut().calls.remove(&self.id);
    }
}

/// A watch stream's front-end side.
pub struct WatchStream {
    port: Port,
    id: StreamId,
}

impl WatchStream {
    /// Hands a client's message in.
    pub fn send(&self, request: WatchRequest) {
        self.port.inner.borrow_mut().submit(Incoming::Watch(self.id, request));
    }

    /// The next responses for the client, if there are any already.
    #[must_use]
    pub fn try_next(&self) -> Option<WatchResponses> {
        let mut inner = self.port.inner.borrow_mut();
        let response = inner.queue(self.id).responses.pop_front()?;
        inner.submit(Incoming::WatchTaken(self.id));
        Some(response)
    }

    /// The next responses for the client.
    ///
    /// # Errors
    /// The reason for which the engine ended the stream.
    pub async fn next(&self) -> Result<WatchResponses, Error> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Self::next`], to be polled.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<WatchResponses, Error>> {
        let mut inner = self.port.inner.borrow_mut();
        let queue = inner.queue(self.id);
        if let Some(response) = queue.responses.pop_front() {
            inner.submit(Incoming::WatchTaken(self.id));
            return Poll::Ready(Ok(response));
        }
        if let Some(error) = queue.ended {
            return Poll::Ready(Err(error));
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for WatchStream {
    fn drop(&mut self) {
        let mut inner = self.port.inner.borrow_mut();
        inner.streams.remove(&self.id);
        inner.submit(Incoming::WatchClose(self.id));
    }
}
