//! The `braid` server's own parts: configuration, logs, probing of the machine, and the wiring.

pub mod compactor;
pub mod config;
pub mod identity;
pub mod listeners;
pub mod logging;
pub mod metrics;
pub mod notify;
pub mod open_files;
pub mod probe;
pub mod run;
pub mod serve;
pub mod slow_calls;
pub mod tune;
pub mod version;
