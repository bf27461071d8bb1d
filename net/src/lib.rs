//! Front-ends: a client's bytes become calls of the engine's port, and its answers become bytes.
//!
//! Everything here is an async task on the one executor of a core. Sockets are anything that
//! reads and writes asynchronously; time and spawning are lent by the executor. The crate knows
//! no executor, starts no thread and reads no clock.

pub mod budget;
pub mod encode;
pub mod front;
pub mod grpc;
mod http;
pub mod identity;
pub mod limits;
pub mod metrics;
mod ping;
pub mod proto;
pub mod services;
pub mod shutdown;
pub mod timer;
mod wire;

pub use front::{FrontEnd, serve_connection, serve_metrics_connection};
