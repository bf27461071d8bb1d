//! gRPC over HTTP/2, as grpc-go speaks it.

pub mod connection;
mod gate;
mod keepalive;
pub mod message;
pub mod method;
mod peer;
mod reply;
pub mod request_head;
mod slots;
pub mod slow;
pub mod status;
pub mod stream;
mod unary;
