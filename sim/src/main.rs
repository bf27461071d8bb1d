//! The simulator at work: seed after seed, for hours, or one again.

mod arguments;
mod progress;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use arguments::{Arguments, Seeds};
use braid_judge::record::write;
use braid_sim::failure::Failure;
use braid_sim::scaling::{self, Load};
use braid_sim::shrink::shrink;
use braid_sim::story::{Plan, record, run};
use braid_sim::trace;
use progress::Progress;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    if arguments.scaling {
        tell_costs();
        return ExitCode::SUCCESS;
    }
    // A panic is a finding like any other: it is told once, with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    match hunt(&arguments) {
        Some((seed, failure)) => {
            tell(seed, failure, arguments.history.as_deref());
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

/// What an operation costs, for clients that come one by one and for many at once.
fn tell_costs() {
    for (load, name) in [(Load::Puts, "put"), (Load::Pairs, "transaction of two keys")] {
        println!("Per {name}:\n");
        for clients in [1, 32] {
            println!("{}\n", scaling::table(load, clients, 200));
        }
    }
}

/// Runs seeds on all threads until one fails, or there are none, or the time is up.
fn hunt(arguments: &Arguments) -> Option<(u64, Failure)> {
    let progress = Progress::start();
    println!("seeds from {}", arguments.seeds.first);
    let next = AtomicU64::new(arguments.seeds.first);
    let failed: Mutex<Option<(u64, Failure)>> = Mutex::new(None);
    let is_over = || {
        let failed = failed.lock().is_ok_and(|failed| failed.is_some());
        failed || arguments.limit.is_some_and(|limit| progress.elapsed() >= limit)
    };
    thread::scope(|scope| {
        for _ in 0..arguments.jobs {
            scope.spawn(|| {
                while !is_over() {
                    let Some(seed) = arguments.seeds.get(next.fetch_add(1, Relaxed)) else {
                        return;
                    };
                    match run(&Plan::draw(seed)) {
                        Ok(report) => progress.add(&report),
                        Err(failure) => {
                            if let Ok(mut failed) = failed.lock() {
                                failed.get_or_insert((seed, failure));
                            }
                        }
                    }
                }
            });
        }
    });
    progress.finish();
    failed.into_inner().ok().flatten()
}

/// Everything that helps to understand a failure.
fn tell(seed: u64, failure: Failure, history: Option<&Path>) {
    println!("\nseed {seed} fails: {failure}");
    println!("\nreplay: cargo run --release -p braid-sim -- --seed {seed}");
    println!("\nshrinking …");
    let (plan, failure) = shrink(Plan::draw(seed), failure);
    println!("\nthe shortest history that still fails has {} steps:", plan.steps());
    for (at, life) in plan.lives.iter().enumerate() {
        println!("life {at}: {life:#?}");
    }
    if let Some(path) = history {
        match File::create(path).and_then(|file| write(&record(&plan), file)) {
            Ok(()) => println!("\nwhat clients saw: {}", path.display()),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
    println!("\n{failure}\n\nthe last things that happened:");
    for line in trace::of(|| drop(run(&plan))) {
        println!("{line}");
    }
}

impl Seeds {
    fn get(&self, seed: u64) -> Option<u64> {
        (seed < self.end).then_some(seed)
    }
}
