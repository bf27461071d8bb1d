//! How large a run is: the options of the command line, and what they become for a workload.

use std::time::Duration;

use clap::Args;
use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::keys::{Distribution, KeySpace};
use crate::values::{Size, Values};
use crate::workload::Workload;

/// Most clients, connections, watchers and threads: a typing error must not exhaust the machine.
const MOST_CLIENTS: u64 = 100_000;
const MOST_THREADS: u64 = 256;

/// The options of a load. What is not given comes from the workload.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Load")]
pub struct LoadOptions {
    /// Operations in flight
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_CLIENTS))]
    pub clients: Option<u64>,
    /// Connections that the clients share
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_CLIENTS))]
    pub connections: Option<u64>,
    /// Watchers, spread over the connections
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_CLIENTS))]
    pub watchers: Option<u64>,
    /// Load threads
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_THREADS))]
    pub threads: Option<u64>,
    /// Operations a second at fixed times, latency counted from there; without it, each client
    /// asks again when it has its answer
    #[arg(long, value_parser = positive)]
    pub rate: Option<f64>,
    /// The same for the writers of a workload that measures something else
    #[arg(long, value_parser = positive)]
    pub write_rate: Option<f64>,
    /// Seconds that are measured
    #[arg(long, value_parser = positive)]
    pub duration: Option<f64>,
    /// Seconds of load before the measurement
    #[arg(long, value_parser = not_negative)]
    pub warm_up: Option<f64>,
    /// Keys that the workload touches
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub keys: Option<u64>,
    /// How keys are chosen
    #[arg(long)]
    pub distribution: Option<Distribution>,
    /// Bytes of a value, as 256 or, drawn from a range, 100..4000
    #[arg(long)]
    pub value_size: Option<Size>,
    /// Keys on a page of a list
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub limit: Option<i64>,
    /// Share of reads in mixed workloads, 0 to 1
    #[arg(long, value_parser = share)]
    pub reads: Option<f64>,
    /// What the random numbers begin with
    #[arg(long)]
    pub seed: Option<u64>,
}

impl LoadOptions {
    /// These options, and where one is missing the other's.
    pub fn or(self, other: &Self) -> Self {
        Self {
            clients: self.clients.or(other.clients),
            connections: self.connections.or(other.connections),
            watchers: self.watchers.or(other.watchers),
            threads: self.threads.or(other.threads),
            rate: self.rate.or(other.rate),
            write_rate: self.write_rate.or(other.write_rate),
            duration: self.duration.or(other.duration),
            warm_up: self.warm_up.or(other.warm_up),
            keys: self.keys.or(other.keys),
            distribution: self.distribution.or(other.distribution),
            value_size: self.value_size.or(other.value_size),
            limit: self.limit.or(other.limit),
            reads: self.reads.or(other.reads),
            seed: self.seed.or(other.seed),
        }
    }
}

/// A run's size, everything decided.
#[derive(Clone, Debug, Serialize)]
pub struct Shape {
    /// Operations in flight.
    pub clients: u64,
    /// Connections that clients share.
    pub connections: u64,
    /// Watchers over all connections.
    pub watchers: u64,
    /// Load threads.
    pub threads: usize,
    /// Operations a second; as fast as answers come when absent.
    pub rate: Option<f64>,
    /// The same for writers beside what is measured.
    pub write_rate: Option<f64>,
    /// What is measured.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// Load before it.
    #[serde(rename = "warm_up_seconds", serialize_with = "seconds")]
    pub warm_up: Duration,
    /// Which keys.
    #[serde(rename = "key_count", serialize_with = "key_count")]
    pub keys: KeySpace,
    /// How they are chosen.
    pub distribution: Distribution,
    /// Which values.
    #[serde(skip)]
    pub values: Values,
    /// How large they are.
    pub value_size: Size,
    /// Keys on a page.
    pub limit: i64,
    /// Share of reads.
    pub reads: f64,
    /// What the random numbers begin with.
    pub seed: u64,
}

impl Shape {
    /// The shape of a workload, from what was asked for and what it has by default.
    pub fn new(workload: Workload, options: &LoadOptions) -> Result<Self, Error> {
        let usual = workload.usual();
        let value_size = options.value_size.unwrap_or(usual.value_size);
        let distribution = options.distribution.unwrap_or(Distribution::Uniform);
        let seed = options.seed.unwrap_or(1);
        let shape = Self {
            clients: options.clients.unwrap_or(usual.clients),
            connections: options.connections.unwrap_or(usual.connections),
            watchers: options.watchers.unwrap_or(usual.watchers),
            threads: options.threads.unwrap_or(1) as usize,
            rate: options.rate.or(usual.rate),
            write_rate: options.write_rate.or(usual.write_rate),
            duration: Duration::from_secs_f64(options.duration.unwrap_or(10.0)),
            warm_up: Duration::from_secs_f64(options.warm_up.unwrap_or(2.0)),
            keys: KeySpace::new(options.keys.unwrap_or(usual.keys), distribution),
            distribution,
            values: Values::new(value_size, seed),
            value_size,
            limit: options.limit.unwrap_or(500),
            reads: options.reads.unwrap_or(0.9),
            seed,
        };
        workload.check(&shape)?;
        Ok(shape)
    }
}

/// Largest number of seconds and of operations a second that is taken.
const LARGEST: f64 = 1e9;

fn positive(text: &str) -> Result<f64, String> {
    not_negative(text).and_then(|number| match number > 1e-6 {
        true => Ok(number),
        false => Err("must be more than nothing".into()),
    })
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=LARGEST).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is no number from 0 to {LARGEST}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    not_negative(text).and_then(|number| match number <= 1.0 {
        true => Ok(number),
        false => Err("is more than everything".into()),
    })
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

fn key_count<S: Serializer>(keys: &KeySpace, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(keys.count())
}
