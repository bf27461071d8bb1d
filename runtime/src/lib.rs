//! The real driver's ground: executors, mailboxes, files, sockets, timers and signals.
//!
//! Goal: be the one crate that knows glommio, io_uring, threads, clocks and unsafe code, and offer
//! each of them as a small primitive with its bounds and failures spelled out. Non-goal: anything
//! that decides; the engine does, as a state machine that the driver steps.

pub mod clock;
pub mod cpus;
pub mod executors;
pub mod fatal;
pub mod features;
pub mod files;
pub mod log_metrics;
pub mod mailbox;
mod parking;
pub mod probe;
pub mod pump;
mod readiness;
pub mod recovery;
pub mod signals;
pub mod sockets;

/// What [`parking`] is built on; its model check puts the checker's own types here, and in the two
/// below, on which the mailboxes are built.
mod atomics {
    pub use std::sync::atomic::{AtomicU32, Ordering, fence};
}

/// The queue from one core to another.
mod ring {
    pub use rtrb::{Consumer, Producer, PushError, RingBuffer};
}

/// Holds the waker of a core's driver.
mod waker {
    pub use atomic_waker::AtomicWaker;
}
