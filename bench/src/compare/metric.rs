//! The figures that are compared.

use serde::{Deserialize, Serialize};

use crate::report::{Latency, RunReport};
use crate::text;

/// A figure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Operations a second.
    Rate,
    /// Latency in the middle, in nanoseconds.
    P50,
    /// Latency that 1 of 10 exceeds, in nanoseconds.
    P90,
    /// Latency that 1 of 100 exceeds, in nanoseconds.
    P99,
    /// Server's processor time for each operation, in microseconds.
    Cpu,
    /// Server's processor time, in processors.
    Processors,
    /// Resident memory, in bytes.
    Resident,
    /// How far it grew while this ran, in bytes.
    Grown,
    /// Bytes written for each operation.
    Written,
    /// The same without the growth of the files, which is written once and then in use.
    Rewritten,
    /// Context switches of the server for each operation.
    Switches,
}

impl Metric {
    /// What is compared when nothing else is asked for.
    pub const USUAL: [Self; 7] = [
        Self::Rate,
        Self::P50,
        Self::P99,
        Self::Cpu,
        Self::Resident,
        Self::Written,
        Self::Switches,
    ];

    /// What readers see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::Cpu => "server CPU each",
            Self::Processors => "processors in use",
            Self::Resident => "resident memory",
            Self::Grown => "memory grown by",
            Self::Written => "written each",
            Self::Rewritten => "written each, files in use",
            Self::Switches => "context switches each",
        }
    }

    /// The figure of a run; none when the run does not have it.
    pub fn of(self, run: &RunReport) -> Option<f64> {
        let latency = |of: fn(&Latency) -> u64| Some(of(run.main()?.latency.as_ref()?) as f64);
        match self {
            Self::Rate => run.main().map(|operation| operation.rate),
            Self::P50 => latency(|latency| latency.p50),
            Self::P90 => latency(|latency| latency.p90),
            Self::P99 => latency(|latency| latency.p99),
            _ => self.of_server(run),
        }
    }

    fn of_server(self, run: &RunReport) -> Option<f64> {
        let server = run.server.as_ref()?;
        Some(match self {
            Self::Cpu => server.cpu_us,
            Self::Processors => server.processors,
            Self::Resident => server.usage.resident as f64,
            Self::Grown => server.usage.grown as f64,
            Self::Written => server.written,
            Self::Rewritten => server.rewritten,
            Self::Switches => server.switches,
            Self::Rate | Self::P50 | Self::P90 | Self::P99 => return None,
        })
    }

    /// A figure for people.
    pub fn text(self, figure: f64) -> String {
        match self {
            Self::Rate => format!("{}/s", text::count(figure)),
            Self::P50 | Self::P90 | Self::P99 => text::nanos(figure as u64),
            Self::Cpu => format!("{} us", text::count(figure)),
            Self::Processors | Self::Switches => text::count(figure),
            Self::Resident | Self::Grown | Self::Written | Self::Rewritten => text::bytes(figure),
        }
    }
}
