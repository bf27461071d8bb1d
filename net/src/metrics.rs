//! Counters of each core, and their sum in Prometheus' text form.

pub mod counters;
pub mod exposition;
pub mod scrape;

pub use counters::Metrics;
pub use exposition::{Exposition, Kind};
