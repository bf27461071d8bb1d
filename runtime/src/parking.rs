//! The handshake between a core that goes to sleep and the cores that have something for it.
//!
//! Nobody writes to a running core's cell: a sender publishes its work, reads the cell, and only
//! if the receiver is parked takes the duty to wake it. A lost wake-up would need the sender to
//! miss "parked" AND the receiver to miss the work; the fences forbid that: one of the two comes
//! first in the single order of all sequentially consistent fences, and the other side then sees
//! what was written before it.
//!
//! This file uses no other, so that a model checker can build it with its own atomics.

use super::atomics::{AtomicU32, Ordering, fence};

const RUNNING: u32 = 0;
const PARKED: u32 = 1;
/// Somebody asked for attention; the receiver must look before it parks.
const SIGNALLED: u32 = 2;

/// One core's state, written by itself when it parks and by whoever wakes it.
#[derive(Debug)]
pub struct Parking {
    state: AtomicU32,
}

impl Parking {
    pub fn new() -> Self {
        Self { state: AtomicU32::new(RUNNING) }
    }

    /// Receiver: begins a round of work. Signals up to here are answered by this round.
    pub fn run(&self) {
        if self.state.load(Ordering::Relaxed) != RUNNING {
            self.state.swap(RUNNING, Ordering::SeqCst);
        }
    }

    /// Receiver: wants to park. If false, a signal came since [`Self::run`] and it must not. If
    /// true, it must look for work once more before it sleeps, and have its waker in place.
    #[must_use]
    pub fn park(&self) -> bool {
        let before =
            self.state.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        before != Err(SIGNALLED)
    }

    /// Sender: has published work where the receiver looks. If true, it must wake the receiver.
    #[must_use]
    pub fn published(&self) -> bool {
        fence(Ordering::SeqCst);
        self.state.load(Ordering::Relaxed) == PARKED && self.signal()
    }

    /// Sender: wants a look at something that the receiver does not check by itself before it
    /// sleeps. If true, it must wake the receiver.
    #[must_use]
    pub fn signal(&self) -> bool {
        self.state.swap(SIGNALLED, Ordering::SeqCst) == PARKED
    }
}
