//! The page around the plots.

use super::plots::{COLORS, plots, sweeps};
use crate::compare::{CompareReport, Row};

const STYLE: &str = "body{font:15px sans-serif;margin:2em;max-width:1500px}\
    table{border-collapse:collapse}td,th{padding:3px 10px;border-bottom:1px solid #ddd;text-align:right}\
    td:first-child,th:first-child{text-align:left}.no{color:#b00;font-weight:bold}\
    svg{font:11px sans-serif}.g{stroke:#e5e5e5}.t{font-weight:bold;font-size:12px}";

/// The page of a comparison.
pub fn page(report: &CompareReport) -> String {
    let facts = report.machine.iter().chain(&report.limits);
    let facts: String =
        facts.map(|(name, value)| format!("<li>{}: {}", escaped(name), escaped(value))).collect();
    let remarks: String = report
        .remarks()
        .iter()
        .map(|remark| format!("<p class=no>{}</p>\n", escaped(remark)))
        .collect();
    let sweeps: String = sweeps(&report.rows).iter().map(ToString::to_string).collect();
    let rows: String = report.rows.iter().map(section).collect();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>braid-bench</title>\
         <style>{STYLE}</style><h1>Two servers under the same load</h1><ul>{facts}</ul>\n\
         {remarks}{}{sweeps}{rows}</html>",
        table(report)
    )
}

fn table(report: &CompareReport) -> String {
    let (head, rows) = report.cells();
    let line = |cells: &[String], tag: &str| {
        let cells = cells.iter().map(|cell| {
            let class = if cell.contains("NO") { " class=no" } else { "" };
            format!("<{tag}{class}>{}", escaped(cell))
        });
        format!("<tr>{}\n", cells.collect::<String>())
    };
    let head = line(&head.map(str::to_owned), "th");
    format!("<table>{head}{}</table>\n", rows.iter().map(|row| line(row, "td")).collect::<String>())
}

fn section(row: &Row) -> String {
    let plots: String = plots(row).iter().map(ToString::to_string).collect();
    let legend = row.names.iter().zip(COLORS);
    let legend: String = legend
        .map(|(name, color)| {
            format!("<span style='color:{color}'>&#9632; {}</span> ", escaped(name))
        })
        .collect();
    format!("<h2>{}</h2><p>{legend}</p>\n{plots}", escaped(&row.title))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
