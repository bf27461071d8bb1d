//! The figures of one run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Latency, Second};
use crate::host::Usage;
use crate::load::{Kind, Outcome, Slice};
use crate::shape::Shape;
use crate::workload::Workload;

/// A load thread that had something to do for more than this share of the time may have been what
/// limited the rate.
const BUSY: f64 = 0.9;

/// A load thread that waited for its processor longer than this share of the time was disturbed.
pub const DISTURBED: f64 = 0.1;

/// A fixed rate that was missed by more than this share was not kept.
const KEPT: f64 = 0.98;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// What was run.
    pub workload: Workload,
    /// How large.
    pub shape: Shape,
    /// Why the run is not whole, if it is not.
    pub unfinished: Option<String>,
    /// Seconds that were measured.
    pub measured_seconds: f64,
    /// By kind, the workload's main one first.
    pub operations: Vec<Operation>,
    /// Failures by operation and kind.
    pub errors: BTreeMap<String, u64>,
    /// What the load cost.
    pub generator: Generator,
    /// What the server used, where that is known.
    pub server: Option<Server>,
}

/// One kind of operation.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Which.
    pub kind: Kind,
    /// How many ended within the measurement.
    pub completed: u64,
    /// The same by second.
    pub rate: f64,
    /// The generator may have been the limit: the server can do at least this.
    pub lower_bound: bool,
    /// A fixed rate was asked for, and not kept.
    pub rate_missed: bool,
    /// Payload by second, in bytes.
    pub bytes_per_second: f64,
    /// None for what has no latency.
    pub latency: Option<Latency>,
    /// Over time.
    pub seconds: Vec<Second>,
}

/// What the load cost.
#[derive(Clone, Debug, Serialize)]
pub struct Generator {
    /// Processor time for each operation, in microseconds.
    pub cpu_us: f64,
    /// Share of the time that the busiest load thread was on its processor.
    pub busiest_thread: f64,
    /// Share of the time that the unluckiest one waited for it, because others had it.
    pub waited: f64,
}

/// What the server used.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// Processor time for each operation, in microseconds.
    pub cpu_us: f64,
    /// Bytes written to a device for each operation.
    pub written: f64,
    /// The same without what filled new files with zeros.
    pub rewritten: f64,
    /// Context switches for each operation.
    pub switches: f64,
    /// Processors in use on average.
    pub processors: f64,
    /// Threads that waited, on average, for a processor that others had.
    pub waiting: f64,
    /// All of it.
    pub usage: Usage,
}

impl RunReport {
    /// The figures of an outcome.
    pub fn new(workload: Workload, shape: &Shape, outcome: &Outcome) -> Self {
        let seconds = outcome.measured.as_secs_f64();
        let counted = counted(workload, &outcome.total).max(1) as f64;
        let generator = Generator::new(outcome, counted, seconds);
        let operations = operations(workload, shape, outcome, generator.busy() > BUSY);
        Self {
            workload,
            shape: shape.clone(),
            unfinished: outcome.unfinished.clone(),
            measured_seconds: seconds,
            operations,
            errors: errors(&outcome.total),
            generator,
            server: outcome.server.map(|usage| Server::new(usage, counted)),
        }
    }

    /// The operation that the workload is about, when any of it was done.
    pub fn main(&self) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.kind == self.workload.main_kind())
    }

    /// Other processes had the load's processor so long that rates and latencies are theirs, too.
    pub fn is_disturbed(&self) -> bool {
        self.generator.waited > DISTURBED
    }

    /// The generator may have been the limit of the main operation.
    pub fn is_lower_bound(&self) -> bool {
        self.main().is_some_and(|operation| operation.lower_bound)
    }
}

/// The operations that the server's and the generator's cost is divided by: events where the
/// workload is about events, otherwise what clients asked.
fn counted(workload: Workload, total: &Slice) -> u64 {
    let about_events = workload.main_kind() == Kind::Event;
    let kinds = total.kinds.iter().filter(|(kind, _)| (**kind == Kind::Event) == about_events);
    kinds.map(|(_, tally)| tally.completed).sum()
}

fn operations(workload: Workload, shape: &Shape, outcome: &Outcome, busy: bool) -> Vec<Operation> {
    let seconds = outcome.measured.as_secs_f64();
    let mut operations: Vec<_> = outcome
        .total
        .kinds
        .iter()
        .map(|(&kind, tally)| {
            let rate = tally.completed as f64 / seconds.max(f64::MIN_POSITIVE);
            let asked = if kind == workload.paced_kind() { shape.rate } else { None };
            Operation {
                kind,
                completed: tally.completed,
                rate,
                lower_bound: busy && asked.is_none(),
                rate_missed: asked.is_some_and(|asked| rate < asked * KEPT),
                bytes_per_second: tally.bytes as f64 / seconds.max(f64::MIN_POSITIVE),
                latency: Latency::of(&tally.latency),
                seconds: series(kind, outcome),
            }
        })
        .collect();
    operations.sort_by_key(|operation| operation.kind != workload.main_kind());
    operations
}

fn series(kind: Kind, outcome: &Outcome) -> Vec<Second> {
    let measured = outcome.measured.as_secs_f64();
    let stretch = |second: usize| (measured - second as f64).clamp(f64::MIN_POSITIVE, 1.0);
    let tallies = outcome.seconds.iter().map(|slice| slice.kinds.get(&kind).cloned());
    let tallies = tallies.map(Option::unwrap_or_default).enumerate();
    tallies.map(|(second, tally)| Second::of(&tally, stretch(second))).collect()
}

fn errors(total: &Slice) -> BTreeMap<String, u64> {
    let named = |(kind, name): &(Kind, String)| format!("{}: {name}", kind.name());
    total.errors.iter().map(|(error, &count)| (named(error), count)).collect()
}

impl Generator {
    /// Share of the time that the busiest load thread had something to do, whether or not it had
    /// its processor.
    pub fn busy(&self) -> f64 {
        self.busiest_thread + self.waited
    }

    fn new(outcome: &Outcome, counted: f64, seconds: f64) -> Self {
        let cpu: Duration = outcome.cpu.iter().sum();
        let share = |times: &[Duration]| {
            let most = times.iter().max().map_or(0.0, Duration::as_secs_f64);
            most / seconds.max(f64::MIN_POSITIVE)
        };
        Self {
            cpu_us: cpu.as_secs_f64() * 1e6 / counted,
            busiest_thread: share(&outcome.cpu),
            waited: share(&outcome.waited),
        }
    }
}

impl Server {
    fn new(usage: Usage, counted: f64) -> Self {
        let switches = usage.switches_voluntary + usage.switches_involuntary;
        Self {
            cpu_us: usage.cpu_us / counted,
            written: usage.written as f64 / counted,
            rewritten: usage.written.saturating_sub(usage.first_use) as f64 / counted,
            switches: switches as f64 / counted,
            processors: usage.cpu_us / 1e6 / usage.seconds.max(f64::MIN_POSITIVE),
            waiting: usage.waited_us / 1e6 / usage.seconds.max(f64::MIN_POSITIVE),
            usage,
        }
    }
}
