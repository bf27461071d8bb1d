//! The program as its users have it: command line, profiles, documents, and loads on a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::disallowed_methods, reason = "a test may read a clock and wait")]

mod cli;
mod common;
mod docs;
mod interrupt;
mod profiles;
mod tune;
mod turns;
mod workloads;
