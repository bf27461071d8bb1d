//! The plots of one row of a comparison.

use super::axis::{Axis, Scale};
use super::plot::{Plot, Series};
use crate::compare::{Metric, Row, median};
use crate::report::{Operation, RunReport};
use crate::text;

/// Colours of the reference and of Braid.
pub const COLORS: [&str; 2] = ["#c05621", "#2b6cb0"];

/// The plots of a row; none without any operation.
pub fn plots(row: &Row) -> Vec<Plot> {
    let plots = [latencies(row), rates(row), latencies_over_time(row), rate_and_latency(row)];
    plots
        .into_iter()
        .filter(|plot| plot.series.iter().any(|series| !series.points.is_empty()))
        .collect()
}

/// Latency over the share of operations that are slower.
fn latencies(row: &Row) -> Plot {
    let series = lines(row, |operation| {
        let curve = operation.latency.iter().flat_map(|latency| &latency.curve);
        curve.map(|&(share, nanos)| (slower(share), nanos as f64)).collect()
    });
    plot(
        "latency",
        series,
        |figures| Axis::around("share that is faster", Scale::Log, share_text, figures),
        |figures| Axis::around("logarithmic", Scale::Log, time_text, figures),
    )
}

/// Rate over latency along the rows of one workload, when there are several.
pub fn sweeps(rows: &[Row]) -> Vec<Plot> {
    let workload = |row: &Row| row.braid.first().map(|run| run.workload);
    let swept = rows.chunk_by(|a, b| workload(a) == workload(b)).filter(|rows| rows.len() > 1);
    swept.map(sweep).collect()
}

fn sweep(rows: &[Row]) -> Plot {
    let line = |runs: fn(&Row) -> &Vec<RunReport>, color| {
        let point = |row: &Row| {
            let middle = |metric: Metric| {
                median(&runs(row).iter().filter_map(|run| metric.of(run)).collect::<Vec<_>>())
            };
            (middle(Metric::Rate), middle(Metric::P99))
        };
        Series { color, points: rows.iter().map(point).collect(), dots: false }
    };
    let series = vec![line(|row| &row.reference, COLORS[0]), line(|row| &row.braid, COLORS[1])];
    rate_over_latency("p99 over rate, from few clients to many", series)
}

/// One in how many operations is slower, at most a million.
fn slower(share: f64) -> f64 {
    (1.0 / (1.0 - share).max(1e-6)).round()
}

/// Operations a second over time.
fn rates(row: &Row) -> Plot {
    let series = lines(row, |operation| {
        let seconds = operation.seconds.iter().enumerate();
        seconds.map(|(second, figures)| (second as f64 + 1.0, figures.rate)).collect()
    });
    plot(
        "rate",
        series,
        |figures| Axis::around("second of the measurement", Scale::Linear, text::count, figures),
        |figures| Axis::around("operations a second", Scale::Linear, text::count, figures),
    )
}

/// The latency that 1 of 100 exceeds, second by second.
fn latencies_over_time(row: &Row) -> Plot {
    let series = lines(row, |operation| {
        let seconds = operation.seconds.iter().enumerate().filter(|(_, figures)| figures.p99 > 0);
        seconds.map(|(second, figures)| (second as f64 + 1.0, figures.p99 as f64)).collect()
    });
    plot(
        "p99",
        series,
        |figures| Axis::around("second of the measurement", Scale::Linear, text::count, figures),
        |figures| Axis::around("logarithmic", Scale::Log, time_text, figures),
    )
}

/// A point for each run: how much, and how slow.
fn rate_and_latency(row: &Row) -> Plot {
    let mut series = lines(row, |operation| {
        let p99 = operation.latency.as_ref().map(|latency| latency.p99 as f64);
        p99.map(|p99| (operation.rate, p99)).into_iter().collect()
    });
    series.iter_mut().for_each(|series| series.dots = true);
    rate_over_latency("rate and p99 of each run", series)
}

fn rate_over_latency(title: &'static str, series: Vec<Series>) -> Plot {
    plot(
        title,
        series,
        |figures| Axis::around("operations a second", Scale::Linear, text::count, figures),
        |figures| Axis::around("logarithmic", Scale::Log, time_text, figures),
    )
}

/// One series for each run.
fn lines(row: &Row, points: impl Fn(&Operation) -> Vec<(f64, f64)>) -> Vec<Series> {
    let line = |run: &RunReport, color| Series {
        color,
        points: run.main().map(&points).unwrap_or_default(),
        dots: false,
    };
    let reference = row.reference.iter().map(|run| line(run, COLORS[0]));
    let braid = row.braid.iter().map(|run| line(run, COLORS[1]));
    reference.chain(braid).collect()
}

fn plot(
    title: &'static str,
    series: Vec<Series>,
    x: impl FnOnce(&mut dyn Iterator<Item = f64>) -> Axis,
    y: impl FnOnce(&mut dyn Iterator<Item = f64>) -> Axis,
) -> Plot {
    let points = || series.iter().flat_map(|series| series.points.iter());
    let (x, y) = (x(&mut points().map(|point| point.0)), y(&mut points().map(|point| point.1)));
    Plot { title, x, y, series }
}

fn share_text(one_in: f64) -> String {
    match one_in {
        n if n < 1.5 => "0".into(),
        n => format!("{}", 1.0 - 1.0 / n),
    }
}

fn time_text(nanos: f64) -> String {
    text::nanos(nanos as u64)
}
