//! One run, for people.

use std::fmt::{self, Display, Formatter};

use super::{Operation, RunReport, Table};
use crate::text::{bytes, count, nanos};

impl Display for RunReport {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.unfinished {
            writeln!(formatter, "UNFINISHED: {why}")?;
        }
        let name = self.workload.name();
        writeln!(formatter, "{name}: {:.1} s measured", self.measured_seconds)?;
        write!(formatter, "{}", self.table())?;
        for (error, count) in &self.errors {
            writeln!(formatter, "errors: {error}: {count}")?;
        }
        self.costs(formatter)
    }
}

impl RunReport {
    fn table(&self) -> Table {
        let mut table =
            Table::new(["", "rate", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max"]);
        for operation in &self.operations {
            let latency = operation.latency.as_ref();
            let figure = |of: fn(&super::Latency) -> u64| {
                latency.map(|latency| nanos(of(latency))).unwrap_or_default()
            };
            table.row([
                operation.kind.name().into(),
                operation.rate_text(),
                figure(|latency| latency.mean as u64),
                figure(|latency| latency.p50),
                figure(|latency| latency.p90),
                figure(|latency| latency.p99),
                figure(|latency| latency.p99_9),
                figure(|latency| latency.p99_99),
                figure(|latency| latency.max),
            ]);
        }
        table
    }

    fn costs(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let generator = &self.generator;
        let busy = generator.busiest_thread * 100.0;
        writeln!(
            formatter,
            "generator: {:.2} us of processor time each, busiest thread {busy:.0} %, waited for its \
             processor {:.0} %",
            generator.cpu_us,
            generator.waited * 100.0
        )?;
        let Some(server) = &self.server else { return Ok(()) };
        writeln!(
            formatter,
            "server: {:.2} us of processor time each ({:.2} processors), {} written each, {} context \
             switches each, {} resident (peak {})",
            server.cpu_us,
            server.processors,
            bytes(server.written),
            count(server.switches),
            bytes(server.usage.resident as f64),
            bytes(server.usage.resident_peak as f64),
        )
    }
}

impl Operation {
    /// The rate with what is to be known about it.
    pub fn rate_text(&self) -> String {
        let bound = if self.lower_bound { ">=" } else { "" };
        let missed = if self.rate_missed { " (rate not kept)" } else { "" };
        format!("{bound}{}/s{missed}", count(self.rate))
    }
}
