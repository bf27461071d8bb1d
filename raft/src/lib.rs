//! One Raft group around raft-rs: proposals in, log entries out, commits out. No I/O, no clock.

mod error;
mod group;
mod tail;

pub use error::GroupError;
pub use group::{Group, NewEntry, Restored, Unstable, Vote};
