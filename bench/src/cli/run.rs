//! `braid-bench run`.

use std::path::PathBuf;

use clap::Args;

use crate::client::{Endpoint, TlsOptions};
use crate::error::Error;
use crate::host::{Cpus, Process, flag_on_interrupt, pin};
use crate::load::{Plan, run as run_load};
use crate::report::{RunReport, check_folder, print, write_json};
use crate::shape::{LoadOptions, Shape};
use crate::workload::{Workload, prepare};

#[derive(Args)]
pub struct RunArguments {
    /// What clients do
    workload: Workload,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:2379")]
    endpoint: Endpoint,
    /// The server's process, whose use of the machine is then reported
    #[arg(long)]
    pid: Option<u32>,
    /// Processors that the load stays on
    #[arg(long)]
    load_cpus: Option<Cpus>,
    /// Does not load the keys first: they are there
    #[arg(long)]
    keep_data: bool,
    /// Where to write the figures as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsOptions,
    #[command(flatten)]
    load: LoadOptions,
}

/// Runs one workload.
pub fn run(arguments: &RunArguments) -> Result<(), Error> {
    let interrupt = flag_on_interrupt()?;
    arguments.json.as_deref().map_or(Ok(()), check_folder)?;
    if let Some(cpus) = &arguments.load_cpus {
        pin(cpus).map_err(Error::system(format!("processors {cpus}")))?;
    }
    let workload = arguments.workload;
    let server = arguments.pid.map(Process::new);
    if let Some(server) = &server {
        server.usage().map_err(Error::system(format!("process {}", server.id())))?;
    }
    let endpoint = arguments.tls.complete(&arguments.endpoint)?;
    let shape = Shape::new(workload, &arguments.load)?;
    if workload.usual().loaded && !arguments.keep_data {
        prepare(&endpoint, &shape, &interrupt)?;
    }
    let plan = Plan::new(endpoint, workload, shape.clone());
    let outcome = run_load(plan, server.as_ref(), &interrupt)?;
    let report = RunReport::new(workload, &shape, &outcome);
    let printed = print(&report);
    if let Some(path) = &arguments.json {
        write_json(path, &report)?;
    }
    printed?;
    match report.unfinished {
        Some(why) => Err(Error::Unfinished(why)),
        None => Ok(()),
    }
}
