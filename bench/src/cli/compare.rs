//! `braid-bench compare`.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};

use crate::compare::{
    CompareReport, Metric, Options, Runner, Scenario, Sides, Step, Version, measure_limits,
};
use crate::error::Error;
use crate::figures::figures;
use crate::host::{Cpus, Made, describe, device_sync, flag_on_interrupt, pin};
use crate::page::page;
use crate::report::{check_folder, print, write_json, write_text};
use crate::shape::LoadOptions;
use crate::workload::Workload;

#[derive(Args)]
pub struct CompareArguments {
    /// What clients do; all of it on each server, in this order
    #[arg(required_unless_present = "suite")]
    workloads: Vec<Workload>,
    /// A set of workloads with targets, in place of single ones
    #[arg(long, conflicts_with = "workloads")]
    suite: Option<Suite>,
    /// Only the rows of the suite whose title contains this
    #[arg(long, requires = "suite")]
    only: Option<String>,
    /// Runs each workload with these numbers of clients, to show rate over latency: 1,10,100
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["suite", "clients"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000))]
    sweep: Vec<u64>,
    /// etcd, etcd:PATH or braid:PATH
    #[arg(long, default_value = "etcd")]
    against: Against,
    /// The Braid to measure
    #[arg(long, default_value = "target/release/braid")]
    braid: PathBuf,
    /// An argument for Braid; may be given again
    #[arg(long, allow_hyphen_values = true)]
    braid_argument: Vec<String>,
    /// Times that each server runs twice, in the order A B B A
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Processors of the servers
    #[arg(long, default_value = "0")]
    server_cpus: Cpus,
    /// Processors of the load
    #[arg(long, default_value = "1")]
    load_cpus: Cpus,
    /// A server that only echoes, run beside them to show what HTTP/2 alone costs
    #[arg(long, default_value = "target/release/examples/h2_echo")]
    echo: PathBuf,
    /// A folder on the device to measure; data directories are made there and removed
    #[arg(long, default_value = "target/bench-data")]
    folder: PathBuf,
    /// Where to write the figures as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where to write them as a page with plots, which needs no network
    #[arg(long)]
    html: Option<PathBuf>,
    /// What stands in the report as the command, where a script called this one
    #[arg(long, value_name = "COMMAND")]
    made_by: Option<String>,
    #[command(flatten)]
    load: LoadOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// The figures that Braid is to reach
    Figures,
}

/// What Braid is compared with.
#[derive(Clone)]
struct Against {
    name: &'static str,
    binary: PathBuf,
}

/// Where the tests' runner puts the reference that it builds.
const BUILT_ETCD: &str = "target/reference/etcd";

impl FromStr for Against {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once(':').unwrap_or((text, ""));
        let binary = if path.is_empty() { BUILT_ETCD.into() } else { PathBuf::from(path) };
        match name {
            "etcd" => Ok(Self { name: "etcd", binary }),
            "braid" if !path.is_empty() => Ok(Self { name: "other braid", binary }),
            _ => Err("must be etcd, etcd:PATH or braid:PATH".into()),
        }
    }
}

/// Seconds that are measured and warmed up in each of many runs.
const SECONDS: (f64, f64) = (4.0, 1.0);

/// Compares two servers.
pub fn compare(arguments: &CompareArguments) -> Result<(), Error> {
    let interrupt = flag_on_interrupt()?;
    arguments.json.iter().chain(&arguments.html).try_for_each(|path| check_folder(path))?;
    let sides = sides(arguments)?;
    let machine = describe();
    pin(&arguments.load_cpus)
        .map_err(Error::system(format!("processors {}", arguments.load_cpus)))?;
    let made = Made::now(arguments.made_by.as_deref());
    let mut report =
        CompareReport { made, machine, limits: vec![], rows: vec![], unfinished: None };
    let result = measure(arguments, &sides, &interrupt, &mut report);
    report.unfinished = match &result {
        Err(Error::Interrupted) => Some("interrupted".into()),
        Err(error) => Some(error.to_string()),
        Ok(()) => None,
    };
    publish(arguments, &report)?;
    conclude(result, &report)
}

/// Hands the report out everywhere, even where one of the places fails.
fn publish(arguments: &CompareArguments, report: &CompareReport) -> Result<(), Error> {
    let json = arguments.json.as_deref().map(|path| write_json(path, report));
    let html = arguments.html.as_deref().map(|path| write_text(path, &page(report)));
    [Some(print(report)), json, html].into_iter().flatten().collect()
}

/// What the exit code says once the report is out.
fn conclude(result: Result<(), Error>, report: &CompareReport) -> Result<(), Error> {
    match result {
        Err(Error::Interrupted) => return Err(Error::Unfinished("interrupted".into())),
        result => result?,
    }
    let unfinished = report.remarks().into_iter().find(|remark| remark.contains("UNFINISHED"));
    unfinished.map_or(Ok(()), |remark| Err(Error::Unfinished(remark)))
}

/// Fills the report as far as it comes.
fn measure(
    arguments: &CompareArguments,
    sides: &Sides,
    interrupt: &AtomicBool,
    report: &mut CompareReport,
) -> Result<(), Error> {
    let sync = device_sync(&sides.folder, interrupt);
    let sync = sync.map_err(Error::system(format!("a write in {}", sides.folder.display())))?;
    report.limits = measure_limits(sides, &arguments.echo, sync, interrupt)?;
    run(arguments, sides, &scenarios(arguments, sync.best_ns()), interrupt, report)
}

fn run(
    arguments: &CompareArguments,
    sides: &Sides,
    scenarios: &[Scenario],
    interrupt: &AtomicBool,
    report: &mut CompareReport,
) -> Result<(), Error> {
    let (duration, warm_up) = SECONDS;
    let otherwise =
        LoadOptions { duration: Some(duration), warm_up: Some(warm_up), ..LoadOptions::default() };
    let options = Options { asked: arguments.load.clone(), otherwise };
    let mut runner = Runner::new(sides, arguments.rounds, &options, interrupt);
    scenarios.iter().try_for_each(|scenario| runner.run(scenario, &mut report.rows))
}

fn sides(arguments: &CompareArguments) -> Result<Sides, Error> {
    let found = |path: &PathBuf, hint: &str| {
        path.canonicalize().map_err(Error::system(format!("{} ({hint})", path.display())))
    };
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(Error::system(folder.display().to_string()))?;
    Ok(Sides {
        braid: found(&arguments.braid, "cargo build --release builds it")?,
        reference: (
            arguments.against.name.into(),
            found(&arguments.against.binary, "tests/run.sh --build builds etcd")?,
        ),
        reference_is_braid: arguments.against.name != "etcd",
        cpus: arguments.server_cpus.clone(),
        folder: found(folder, "a folder for data")?,
    })
}

fn scenarios(arguments: &CompareArguments, sync_ns: f64) -> Vec<Scenario> {
    if arguments.suite.is_some() {
        let both = arguments.server_cpus.and(&arguments.load_cpus);
        return chosen(figures(sync_ns, &both), arguments.only.as_deref().unwrap_or(""));
    }
    let braid = Version { arguments: arguments.braid_argument.clone(), cpus: None };
    let steps = arguments.workloads.iter().flat_map(|workload| steps(*workload, &arguments.sweep));
    vec![Scenario::new(steps.collect()).of(braid)]
}

/// A step for each number of clients, or one with the workload's own.
fn steps(workload: Workload, sweep: &[u64]) -> Vec<Step> {
    let usual = Metric::USUAL;
    let shown = |step| usual.into_iter().fold(step, |step: Step, metric| step.shows(metric, &[]));
    let name = workload.name();
    let swept = sweep.iter().map(|&clients| {
        let step = Step::new(&format!("{name}, {clients} clients"), workload);
        shown(step.sized(|size| size.clients = Some(clients)))
    });
    if sweep.is_empty() { vec![shown(Step::new(&name, workload))] } else { swept.collect() }
}

/// The steps whose title contains some text, and the scenarios that still have any.
fn chosen(mut scenarios: Vec<Scenario>, text: &str) -> Vec<Scenario> {
    for scenario in &mut scenarios {
        scenario.steps.retain(|step| step.title.contains(text));
    }
    scenarios.retain(|scenario| !scenario.steps.is_empty());
    scenarios
}
