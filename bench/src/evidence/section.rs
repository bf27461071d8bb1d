//! What recorded reports prove, as Markdown.

use std::fmt::Write;
use std::path::Path;

use super::Recorded;
use super::recorded::{Figure, Row, Run};
use crate::compare::{Metric, median, ratios};
use crate::report::DISTURBED;
use crate::text::count;

/// The reference that needs no name in its cells.
const USUAL: &str = "etcd";

/// The section: a row for each figure, each with the report that it is from, and how each report
/// was made. `links` is the folder of the reports as the document sees it.
pub fn section(reports: &[Recorded], links: &Path) -> String {
    if reports.is_empty() {
        return "No figures are recorded yet.\n".into();
    }
    let mut text = "| workload | figure | etcd | Braid | ratio | evidence |\n".to_owned();
    text += "|---|---|---|---|---|---|\n";
    for report in reports {
        let link = format!("[{}]({})", report.file, links.join(&report.file).display());
        let figures = report.rows.iter().flat_map(|row| row.figures.iter().map(move |f| (row, f)));
        figures.for_each(|(row, figure)| text += &line(row, figure, &link));
    }
    text += "\nMedians; the ratio is the median over pairs of neighbouring runs, with the lowest and \
             the highest.\n";
    reports.iter().for_each(|report| text += &origin(report));
    text
}

fn line(row: &Row, figure: &Figure, link: &str) -> String {
    let name = if row.names[0] == USUAL { String::new() } else { format!("{}: ", row.names[0]) };
    let ratios = ratios(&figure.reference, &figure.braid);
    let (low, high) = (ratios.first().unwrap_or(&0.0), ratios.last().unwrap_or(&0.0));
    format!(
        "| {} | {} | {name}{} | {} | {} ({} to {}) | {link} |\n",
        row.title,
        figure.metric.name(),
        side(figure.metric, &figure.reference, &row.reference),
        side(figure.metric, &figure.braid, &row.braid),
        count(median(&ratios)),
        count(*low),
        count(*high),
    )
}

fn side(metric: Metric, figures: &[f64], runs: &[Run]) -> String {
    let bound = metric == Metric::Rate && runs.iter().any(Run::is_lower_bound);
    format!("{}{}", if bound { ">=" } else { "" }, metric.text(median(figures)))
}

/// Where a report is from.
fn origin(report: &Recorded) -> String {
    let mut text = format!(
        "\n`{}`: {}, commit {}, `{}`.",
        report.file, report.made.date, report.made.commit, report.made.command
    );
    for (name, value) in report.machine.iter().chain(&report.limits) {
        // Writing to a string does not fail.
        write!(text, " {name}: {value};").ok();
    }
    let text = text.trim_end_matches(';').to_owned();
    let runs = || report.rows.iter().flat_map(|row| row.reference.iter().chain(&row.braid));
    let disturbed = runs().filter(|run| run.waited() > DISTURBED).count();
    match disturbed {
        0 => text + ".\n",
        some => format!(
            "{text}. In {some} of {} runs other processes had the load's processor \
                         for a good part of the time.\n",
            runs().count()
        ),
    }
}
