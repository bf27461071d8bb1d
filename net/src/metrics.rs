//! Counters of each core, and their sum in Prometheus' text form.

pub mod counters;

pub use counters::Metrics;
