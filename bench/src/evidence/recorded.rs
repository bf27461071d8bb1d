//! Reports as they were recorded.

use std::path::Path;

use serde::Deserialize;

use crate::compare::Metric;
use crate::error::Error;
use crate::host::Made;

/// A recorded comparison, as far as a document shows it.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// Its file.
    #[serde(skip)]
    pub file: String,
    /// How it came about.
    pub made: Made,
    /// Where it was made.
    pub machine: Vec<(String, String)>,
    /// Limits of that machine.
    pub limits: Vec<(String, String)>,
    /// What was compared.
    pub rows: Vec<Row>,
    unfinished: Option<String>,
}

/// One step on both servers.
#[derive(Debug, Deserialize)]
pub struct Row {
    /// What it is about.
    pub title: String,
    /// The reference and Braid.
    pub names: [String; 2],
    /// The figures.
    pub figures: Vec<Figure>,
    /// The runs of the reference.
    pub reference: Vec<Run>,
    /// The runs of Braid.
    pub braid: Vec<Run>,
}

/// A figure of each run.
#[derive(Debug, Deserialize)]
pub struct Figure {
    /// Which.
    pub metric: Metric,
    /// Of the reference.
    pub reference: Vec<f64>,
    /// Of Braid.
    pub braid: Vec<f64>,
}

/// What is to be known about a run beside its figures.
#[derive(Debug, Deserialize)]
pub struct Run {
    unfinished: Option<String>,
    operations: Vec<Operation>,
    generator: Generator,
}

#[derive(Debug, Deserialize)]
struct Operation {
    lower_bound: bool,
}

#[derive(Debug, Deserialize)]
struct Generator {
    waited: f64,
}

impl Run {
    /// The load may have been what limited the rate.
    pub fn is_lower_bound(&self) -> bool {
        self.operations.first().is_some_and(|operation| operation.lower_bound)
    }

    /// Share of the time that the load waited for its processor, because others had it.
    pub fn waited(&self) -> f64 {
        self.generator.waited
    }
}

/// Reads all reports of a folder, in the order of their names.
pub fn read_folder(folder: &Path) -> Result<Vec<Recorded>, Error> {
    let what = || Error::system(folder.display().to_string());
    let entries = std::fs::read_dir(folder).map_err(what())?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(what())?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Recorded, Error> {
    let text = std::fs::read(path).map_err(Error::system(path.display().to_string()))?;
    let wrong = |why: &str| Error::Evidence(format!("{}: {why}", path.display()));
    let recorded: Recorded =
        serde_json::from_slice(&text).map_err(|error| wrong(&error.to_string()))?;
    let runs = recorded.rows.iter().flat_map(|row| row.reference.iter().chain(&row.braid));
    let unfinished = runs.filter_map(|run| run.unfinished.as_deref());
    if let Some(why) = recorded.unfinished.as_deref().into_iter().chain(unfinished).next() {
        return Err(wrong(&format!("a report that is not whole proves nothing ({why})")));
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Recorded { file, ..recorded })
}
