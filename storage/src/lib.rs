//! The log's format, its writer and its recovery, without any I/O.
pub mod ids;
pub mod record;
