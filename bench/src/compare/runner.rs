//! Makes the runs of a comparison.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::figure::Figure;
use super::report::Row;
use super::scenario::{Scenario, Step, Version};
use crate::error::Error;
use crate::host::{Cpus, Server, ServerPlan};
use crate::load::{Plan, run as run_load};
use crate::report::RunReport;
use crate::shape::{LoadOptions, Shape};
use crate::workload::{Workload, prepare};

/// The servers that are compared, and where they run.
#[derive(Clone, Debug)]
pub struct Sides {
    /// Braid.
    pub braid: PathBuf,
    /// What it is compared with, by name.
    pub reference: (String, PathBuf),
    /// The reference is a Braid, too.
    pub reference_is_braid: bool,
    /// Processors of the servers.
    pub cpus: Cpus,
    /// A folder on the device to measure.
    pub folder: PathBuf,
}

/// The sizes of all loads.
#[derive(Clone, Debug)]
pub struct Options {
    /// These hold, whatever a step has.
    pub asked: LoadOptions,
    /// These hold where a step has nothing.
    pub otherwise: LoadOptions,
}

/// Makes the runs.
pub struct Runner<'a> {
    sides: &'a Sides,
    rounds: u32,
    options: &'a Options,
    interrupt: &'a AtomicBool,
    /// Puts a second that the reference can bear from 100 clients, once it was measured.
    bearable: Option<f64>,
}

/// Which server a run is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Reference,
    Braid,
}

/// Of the reference and of Braid.
type Runs = (Vec<RunReport>, Vec<RunReport>);

/// Whatever drifts meanwhile hurts both sides alike.
const ROUND: [Side; 4] = [Side::Reference, Side::Braid, Side::Braid, Side::Reference];

impl<'a> Runner<'a> {
    /// Makes `rounds` times four runs of each scenario.
    pub fn new(
        sides: &'a Sides,
        rounds: u32,
        options: &'a Options,
        interrupt: &'a AtomicBool,
    ) -> Self {
        Self { sides, rounds, options, interrupt, bearable: None }
    }

    /// Makes all runs of a scenario and adds a row for each of its steps, with the runs that were
    /// made even when one fails or the rest is interrupted.
    pub fn run(&mut self, scenario: &Scenario, rows: &mut Vec<Row>) -> Result<(), Error> {
        let mut runs = vec![(vec![], vec![]); scenario.steps.len()];
        let result = self.make_runs(scenario, &mut runs);
        let names =
            [Side::Reference, Side::Braid].map(|side| self.server_plan(scenario, side).name);
        rows.extend(scenario.steps.iter().zip(runs).map(|(step, runs)| row(step, &names, runs)));
        result
    }

    fn make_runs(&mut self, scenario: &Scenario, runs: &mut [Runs]) -> Result<(), Error> {
        for side in (0..self.rounds).flat_map(|_| ROUND) {
            let plan = self.server_plan(scenario, side);
            let mut server = Server::start(&plan, self.interrupt)?;
            let mut loaded = BTreeSet::new();
            for (step, (reference, braid)) in scenario.steps.iter().zip(&mut *runs) {
                eprintln!("{} on {}", step.title, plan.name);
                let report = self.step(step, &mut server, &mut loaded)?;
                if side == Side::Reference {
                    reference.push(report)
                } else {
                    braid.push(report)
                }
                // After what was measured is kept: it says how far the server came.
                server.check()?;
                if self.interrupt.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
            }
        }
        Ok(())
    }

    fn server_plan(&self, scenario: &Scenario, side: Side) -> ServerPlan {
        let sides = self.sides;
        let (name, binary, version) = match (side, &scenario.reference) {
            (Side::Braid, _) => ("braid", &sides.braid, scenario.braid.clone()),
            (Side::Reference, Some(version)) => ("braid", &sides.braid, version.clone()),
            (Side::Reference, None) => {
                let version = if sides.reference_is_braid {
                    scenario.braid.clone()
                } else {
                    Version::default()
                };
                (sides.reference.0.as_str(), &sides.reference.1, version)
            }
        };
        let zeroes_files = binary == &sides.braid || sides.reference_is_braid;
        ServerPlan {
            name: [name]
                .into_iter()
                .chain(version.arguments.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
            binary: binary.clone(),
            arguments: version.arguments,
            cpus: version.cpus.unwrap_or_else(|| sides.cpus.clone()),
            zeroes_files,
            folder: sides.folder.clone(),
        }
    }

    /// Runs a step; `loaded` says which numbers of keys the server already holds.
    fn step(
        &mut self,
        step: &Step,
        server: &mut Server,
        loaded: &mut BTreeSet<u64>,
    ) -> Result<RunReport, Error> {
        let mut options = self.options.asked.clone().or(&step.options).or(&self.options.otherwise);
        if let Some(share) = step.write_share {
            options.write_rate = Some(self.bearable(server)? * share);
        }
        let shape = Shape::new(step.workload, &options)?;
        if step.workload.usual().loaded && loaded.insert(shape.keys.count()) {
            prepare(&server.endpoint(), &shape, self.interrupt)?;
        }
        self.load(step.workload, shape, server)
    }

    fn load(&self, workload: Workload, shape: Shape, server: &Server) -> Result<RunReport, Error> {
        let plan = Plan::new(server.endpoint(), workload, shape.clone());
        let outcome = run_load(plan, Some(&server.process()), self.interrupt)?;
        Ok(RunReport::new(workload, &shape, &outcome))
    }

    /// The first server of a comparison is the reference: it says how much it can bear.
    fn bearable(&mut self, server: &mut Server) -> Result<f64, Error> {
        if let Some(rate) = self.bearable {
            return Ok(rate);
        }
        let options = LoadOptions { clients: Some(100), ..LoadOptions::default() };
        let options = self.options.asked.clone().or(&options).or(&self.options.otherwise);
        let report = self.load(Workload::Put, Shape::new(Workload::Put, &options)?, server)?;
        server.check()?;
        let rate = report.main().map_or(0.0, |operation| operation.rate).max(1.0);
        self.bearable = Some(rate);
        Ok(rate)
    }
}

fn row(step: &Step, names: &[String; 2], (reference, braid): Runs) -> Row {
    let figures = step.metrics.iter();
    let figures =
        figures.filter_map(|(metric, targets)| Figure::new(*metric, targets, &reference, &braid));
    Row {
        title: step.title.clone(),
        names: names.clone(),
        figures: figures.collect(),
        reference,
        braid,
    }
}
