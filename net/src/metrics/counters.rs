//! What one core counts about its clients.

use std::sync::atomic::{AtomicU64, Ordering};

use braid_core::error::Code;

use crate::grpc::method::Method;

const CODES: usize = 17;

/// A counter that one core writes and any core reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Load and store without a locked instruction: there is one writer.
    pub fn add(&self, n: u64) {
        let value = self.0.load(Ordering::Relaxed);
        self.0.store(value.wrapping_add(n), Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one core's front-end.
#[derive(Debug)]
pub struct Metrics {
    calls: Vec<CallCounters>,
    /// Bytes of gRPC messages received.
    pub received_bytes: Counter,
    /// Bytes of gRPC messages sent.
    pub sent_bytes: Counter,
    /// Successful health checks.
    pub health_success: Counter,
    /// Failed health checks.
    pub health_failures: Counter,
}

#[derive(Debug, Default)]
struct CallCounters {
    started: Counter,
    handled: [Counter; CODES],
    messages_received: Counter,
    messages_sent: Counter,
}

/// The sums of one method over all cores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTotals {
    /// Calls begun.
    pub started: u64,
    /// Calls ended, by code.
    pub handled: [u64; CODES],
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            calls: Method::ALL.iter().map(|_| CallCounters::default()).collect(),
            received_bytes: Counter::default(),
            sent_bytes: Counter::default(),
            health_success: Counter::default(),
            health_failures: Counter::default(),
        }
    }
}

impl Metrics {
    /// A call began.
    pub fn started(&self, method: Method) {
        self.calls[method as usize].started.add(1);
    }

    /// A call ended.
    pub fn handled(&self, method: Method, code: Code) {
        self.calls[method as usize].handled[code as usize].add(1);
    }

    /// A message of `bytes` came.
    pub fn received(&self, method: Method, bytes: usize) {
        self.calls[method as usize].messages_received.add(1);
        self.received_bytes.add(bytes as u64);
    }

    /// So many messages, of `bytes` together, went.
    pub fn sent(&self, method: Method, messages: u64, bytes: usize) {
        self.calls[method as usize].messages_sent.add(messages);
        self.sent_bytes.add(bytes as u64);
    }

    /// Adds this core's counts of `method` to `totals`.
    pub fn add_to(&self, method: Method, totals: &mut CallTotals) {
        let call = &self.calls[method as usize];
        totals.started += call.started.get();
        totals.messages_received += call.messages_received.get();
        totals.messages_sent += call.messages_sent.get();
        for (total, counter) in totals.handled.iter_mut().zip(&call.handled) {
            *total += counter.get();
        }
    }
}
