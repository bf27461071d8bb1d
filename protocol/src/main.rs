//! Searches the model at a size of one's own: prints states, depth and time.

use std::process::ExitCode;
use std::time::Instant;

use braid_protocol::bounds::Bounds;
use braid_protocol::check::search;
use braid_protocol::model::Protocol;
use braid_protocol::trap::Trap;

const USAGE: &str = "\
usage: braid-protocol [--OPTION NUMBER ...] [--progress] [--trap NAME]

Visits every state of the revision protocol's model, up to a size:
  --members N     members of the cluster (2)
  --shards N      shards beside the control group, up to 3 (2)
  --cores N       cores of each member (1)
  --writes N      revisions taken (2)
  --elections N   changes of the control group's leader (2)
  --takeovers N   changes of each shard group's leader (2)
  --failures N    failed appends and voluntary new epochs (0)
  --threads N     threads of the search (2)
  --steps N       give up after so many million steps (none)
  --followers N   1: followers show what they are told (0)
  --lease N       1: there is a lease (0); only with one core
  --setting N     1: a setting changes (0)
  --progress      checks from every state that work goes on once faults stop: with one core in
                  every order, which takes many times as long
  --trap NAME     plants a bug; the search ends when it is found";

struct Options {
    protocol: Protocol,
    threads: usize,
    steps_max: usize,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("{:?}", options.protocol);
    #[expect(clippy::disallowed_methods, reason = "a tool that prints how long it took")]
    let start = Instant::now();
    let report = search(options.protocol, options.threads, options.steps_max);
    println!("{report}\n{:.1} s", start.elapsed().as_secs_f64());
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let protocol = Protocol { bounds: Bounds::default(), trap: None, progress: false };
    let mut options = Options { protocol, threads: 2, steps_max: usize::MAX };
    while let Some(name) = arguments.next() {
        if name == "--progress" {
            options.protocol.progress = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        set(&mut options, &name, &value)?;
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, value: &str) -> Result<(), String> {
    if name == "--trap" {
        let trap = Trap::ALL.into_iter().find(|trap| format!("{trap:?}") == value);
        options.protocol.trap =
            Some(trap.ok_or_else(|| format!("no trap {value}: {:?}", Trap::ALL))?);
        return Ok(());
    }
    let number: u8 =
        value.parse().map_err(|_| format!("{name} {value}: not a number up to 255"))?;
    let bounds = &mut options.protocol.bounds;
    match name {
        "--members" => bounds.members = number.max(1),
        "--shards" => bounds.shards = number.clamp(1, 3),
        "--cores" => bounds.cores = number.max(1),
        "--writes" => bounds.writes = number,
        "--elections" => bounds.elections = number,
        "--takeovers" => bounds.takeovers = number,
        "--failures" => bounds.failures = number,
        "--followers" => bounds.followers = number > 0,
        "--lease" => bounds.lease = number > 0,
        "--setting" => bounds.setting = number > 0,
        "--threads" => options.threads = usize::from(number.max(1)),
        "--steps" => options.steps_max = usize::from(number) * 1_000_000,
        _ => return Err(format!("unknown option {name}")),
    }
    Ok(())
}
