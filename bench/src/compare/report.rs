//! The figures of a comparison.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::figure::Figure;
use super::limits::NOT_MEASURED;
use super::rank::median;
use crate::host::Made;
use crate::report::{RunReport, Table};
use crate::text;

/// A comparison.
#[derive(Clone, Debug, Serialize)]
pub struct CompareReport {
    /// How it came about.
    pub made: Made,
    /// Where it was made.
    pub machine: Vec<(String, String)>,
    /// Limits of the machine, measured beside it.
    pub limits: Vec<(String, String)>,
    /// One for each step.
    pub rows: Vec<Row>,
    /// Why it is not whole, if it is not.
    pub unfinished: Option<String>,
}

/// One step on both servers.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What it is about.
    pub title: String,
    /// The reference and Braid.
    pub names: [String; 2],
    /// The figures that it is about.
    pub figures: Vec<Figure>,
    /// The runs of the reference.
    pub reference: Vec<RunReport>,
    /// The runs of Braid.
    pub braid: Vec<RunReport>,
}

/// Columns of the table.
const COLUMNS: usize = 9;

impl CompareReport {
    /// The table: its head, and a row for each figure.
    pub fn cells(&self) -> ([&'static str; COLUMNS], Vec<[String; COLUMNS]>) {
        let head = [
            "workload",
            "figure",
            "reference",
            "braid",
            "ratio",
            "spread",
            "difference",
            "target",
            "met",
        ];
        let figures =
            self.rows.iter().flat_map(|row| row.figures.iter().map(move |figure| (row, figure)));
        (head, figures.map(|(row, figure)| cells(row, figure)).collect())
    }

    /// What went wrong in single runs, each as a line.
    pub fn remarks(&self) -> Vec<String> {
        let runs = |row: &Row| {
            let reference = row.reference.iter().map(|run| (row.names[0].clone(), run.clone()));
            let braid = row.braid.iter().map(|run| (row.names[1].clone(), run.clone()));
            reference.chain(braid).collect::<Vec<_>>()
        };
        let mut remarks: Vec<_> =
            self.unfinished.iter().map(|why| format!("UNFINISHED: {why}")).collect();
        for row in &self.rows {
            for (name, run) in runs(row) {
                let unfinished = run.unfinished.iter().map(|why| format!("UNFINISHED: {why}"));
                let errors =
                    run.errors.iter().map(|(error, count)| format!("errors: {error}: {count}"));
                let missed = run.operations.iter().filter(|operation| operation.rate_missed);
                let missed =
                    missed.map(|operation| format!("rate not kept: {}", operation.rate_text()));
                let all = unfinished.chain(errors).chain(missed);
                remarks.extend(all.map(|remark| format!("{}, {name}: {remark}", row.title)));
            }
        }
        let missing = self.limits.iter().filter(|(_, value)| value.starts_with(NOT_MEASURED));
        remarks.extend(missing.map(|(name, why)| format!("LIMIT MISSING: {name}: {why}")));
        remarks.extend(self.disturbance());
        remarks
    }

    /// How many runs were disturbed, and how much the worst of them.
    fn disturbance(&self) -> Option<String> {
        let runs = || self.rows.iter().flat_map(|row| row.reference.iter().chain(&row.braid));
        let disturbed = runs().filter(|run| run.is_disturbed()).count();
        let most = runs().map(|run| run.generator.waited).fold(0.0, f64::max) * 100.0;
        (disturbed > 0).then(|| {
            format!(
                "DISTURBED: in {disturbed} of {} runs other processes had the load's processor for \
                 a good part of the time (at most {most:.0} %); rates and latencies are theirs, too",
                runs().count()
            )
        })
    }
}

impl Display for CompareReport {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (name, value) in self.machine.iter().chain(&self.limits) {
            writeln!(formatter, "{name}: {value}")?;
        }
        let (head, rows) = self.cells();
        let mut table = Table::new(head);
        rows.into_iter().for_each(|row| table.row(row));
        write!(formatter, "\n{table}")?;
        for remark in self.remarks() {
            writeln!(formatter, "{remark}")?;
        }
        Ok(())
    }
}

fn cells(row: &Row, figure: &Figure) -> [String; COLUMNS] {
    let metric = figure.metric;
    let bound = |runs: &[RunReport]| match runs.iter().any(RunReport::is_lower_bound) {
        true if metric == super::Metric::Rate => ">=",
        _ => "",
    };
    let side = |figures: &[f64], runs: &[RunReport]| {
        format!("{}{}", bound(runs), metric.text(median(figures)))
    };
    let targets = figure.targets.iter().map(|(target, _)| target.text(metric));
    let met = figure.targets.iter().map(|(_, met)| if *met { "yes" } else { "NO" });
    [
        row.title.clone(),
        metric.name().into(),
        side(&figure.reference, &row.reference),
        side(&figure.braid, &row.braid),
        text::count(figure.ratio),
        format!("{}..{}", text::count(figure.spread.0), text::count(figure.spread.1)),
        figure.difference.text().into(),
        targets.collect::<Vec<_>>().join(", "),
        met.collect::<Vec<_>>().join(", "),
    ]
}
