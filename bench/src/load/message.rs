//! What load threads tell.

use std::time::Duration;

use super::Slice;
use crate::failure::Failure;

/// From a load thread to whoever runs the load.
pub enum Message {
    /// One client is ready to begin.
    Ready,
    /// A second of the measurement is over.
    Slice(Part),
    /// One client ended before its time.
    Lost(Failure),
    /// This many clients were still waiting for an answer when the time to drain was over.
    Stuck(usize),
    /// The thread is done.
    Finished,
    /// The thread could not begin.
    Broken(String),
}

/// What one thread did in one second.
pub struct Part {
    /// Which thread.
    pub thread: usize,
    /// Which second of the measurement; what is drained after the end counts for the last.
    pub second: usize,
    /// What happened.
    pub slice: Slice,
    /// Processor time of the thread.
    pub cpu: Duration,
    /// Time that it waited for its processor.
    pub waited: Duration,
}
