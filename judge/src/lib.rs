//! What etcd promises, as code that says whether it was kept.
//!
//! The model tells what a right etcd would have answered. It shares no code with the engine but
//! the types of requests, answers and errors.

pub mod model;
