//! Runs a workload against a server: load threads, warm-up, measurement, drain.

mod conductor;
mod kind;
mod live;
mod message;
mod pace;
mod recorder;
mod seat;
mod stage;
mod tally;
mod thread;
mod window;

use std::time::Instant;

pub use conductor::{Outcome, run};
pub use kind::Kind;
pub use seat::Seat;
pub use tally::{Slice, Tally};
pub use window::Window;

use crate::client::Endpoint;
use crate::shape::Shape;
use crate::workload::Workload;

/// What is to be run.
#[derive(Debug)]
pub struct Plan {
    /// Where.
    pub endpoint: Endpoint,
    /// What.
    pub workload: Workload,
    /// How.
    pub shape: Shape,
    /// The zero of the clock that values carry.
    pub born: Instant,
}

impl Plan {
    /// A plan.
    pub fn new(endpoint: Endpoint, workload: Workload, shape: Shape) -> Self {
        Self { endpoint, workload, shape, born: Instant::now() }
    }

    /// How many clients sit at the server, those that only watch included.
    pub fn seats(&self) -> u64 {
        self.workload.watching_seats(&self.shape) + self.shape.clients
    }
}
