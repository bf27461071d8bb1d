//! The log's format, its writer and its recovery, without any I/O.
//!
//! [`record`] and [`payload`] say what a raft entry holds, [`frame`] and [`segment`] how entries
//! lie in a file, [`log`] places them, [`recover`] finds them again. `docs/log-format.md` draws
//! all of it byte by byte. Non-goals: files, threads, clocks, and what the records mean.

pub mod frame;
pub mod ids;
pub mod limits;
pub mod log;
pub mod member;
pub mod payload;
pub mod planted;
pub mod record;
pub mod recover;
pub mod segment;
