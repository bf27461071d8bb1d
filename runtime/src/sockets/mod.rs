//! TCP: one accepting core, connections spread over all cores by count, and streams for the HTTP
//! machinery.

mod balancer;
mod listener;
mod poller;
mod router;
mod stream;

pub use balancer::{Balancer, Permit};
pub use listener::{accept, bind};
pub use router::{Connection, Router};
pub use stream::Stream;
