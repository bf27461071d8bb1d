//! Unary calls that the engine takes long over, for the log.

use std::rc::Rc;
use std::time::Duration;

use braid_core::error::Code;
use bytes::Bytes;

use crate::grpc::method::Method;
use crate::services::describe;

/// A call that took longer than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCall {
    /// What was called.
    pub method: Method,
    /// The time from the question to the engine to its answer, or to the end of all patience.
    pub took: Duration,
    /// The request in words, without values.
    pub request: String,
    /// Bytes of the request's message.
    pub request_bytes: usize,
    /// How it went.
    pub code: Code,
}

/// Logs a slow call. It must not let a flood of them become a flood of lines, so the call is only
/// put into words when that is wanted.
pub type SlowCallLog = Rc<dyn Fn(&dyn Fn() -> SlowCall)>;

/// What becomes of slow calls.
#[derive(Clone)]
pub struct SlowCalls {
    /// What is slow.
    pub threshold: Duration,
    /// Who is told.
    pub log: SlowCallLog,
}

impl Default for SlowCalls {
    /// Nobody.
    fn default() -> Self {
        Self { threshold: Duration::MAX, log: Rc::new(|_| {}) }
    }
}

/// A question to the engine.
pub struct Question {
    method: Method,
    asked: Duration,
    message: Bytes,
}

impl Question {
    /// Asked now.
    pub fn new(method: Method, now: Duration, message: Bytes) -> Self {
        Self { method, asked: now, message }
    }

    /// It is settled now. The connection reads the clock once a turn, so times are as exact as turns
    /// are short.
    pub fn settled(&self, now: Duration, code: Code, slow: &SlowCalls) {
        let took = now.saturating_sub(self.asked);
        if took > slow.threshold {
            (slow.log)(&|| SlowCall {
                method: self.method,
                took,
                request: describe::request(self.method, self.message.clone()),
                request_bytes: self.message.len(),
                code,
            });
        }
    }
}
