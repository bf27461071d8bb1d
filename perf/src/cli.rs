//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::error::Error;
use crate::scene::Scene;
use crate::{graph, hot, instructions, record, stages, wakeups};

/// Where the server's time goes, as pictures and tables
#[derive(Parser)]
#[command(name = "braid-perf", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Draws a flame graph of the server's processor time
    Flame(FlameArguments),
    /// Draws what a second server does more (red) or less (blue) than the first
    Diff(DiffArguments),
    /// Prints where one write goes, stage by stage, from the server's own counters
    Stages(Scene),
    /// Counts the instructions of hot functions and holds them against their limits
    Instructions {
        /// The limits: lines `name = number  # why`
        #[arg(long, default_value = "perf/limits.txt")]
        limits: PathBuf,
    },
    /// Does the work of one case, for `instructions` to count
    #[command(hide = true)]
    Hot {
        /// Its name
        case: String,
    },
}

#[derive(Args)]
struct FlameArguments {
    #[command(flatten)]
    scene: Scene,
    /// Where the picture goes
    #[arg(long, default_value = "flame.svg")]
    out: PathBuf,
    /// Also prints how long the server's threads wait for a processor after they are woken
    #[arg(long)]
    wakeups: bool,
}

#[derive(Args)]
struct DiffArguments {
    #[command(flatten)]
    scene: Scene,
    /// The server to compare with
    #[arg(long)]
    before: PathBuf,
    /// Where the picture goes
    #[arg(long, default_value = "diff.svg")]
    out: PathBuf,
}

/// Does what the process's command line says.
///
/// # Errors
/// When something could not be measured.
pub fn run() -> Result<(), Error> {
    match Arguments::parse().command {
        Command::Flame(arguments) => flame(&arguments),
        Command::Diff(arguments) => diff(&arguments),
        Command::Stages(scene) => stages::print(&scene),
        Command::Instructions { limits } => instructions::check(&limits),
        Command::Hot { case } if hot::run(&case) => Ok(()),
        Command::Hot { case } => Err(Error::NoCase(case)),
    }
}

fn flame(arguments: &FlameArguments) -> Result<(), Error> {
    record::check()?;
    if arguments.wakeups {
        wakeups::check()?;
    }
    let scene = &arguments.scene;
    let stacks = scene.run(|server| record::stacks(server.process().id(), scene.seconds))?;
    graph::draw(&stacks, &scene.title(), &arguments.out)?;
    println!("{}", arguments.out.display());
    if arguments.wakeups {
        let table = scene.run(|server| wakeups::table(server.process().id(), scene.seconds))?;
        print!("{table}");
    }
    Ok(())
}

fn diff(arguments: &DiffArguments) -> Result<(), Error> {
    record::check()?;
    let after = &arguments.scene;
    let before = after.with_server(&arguments.before);
    let of =
        |scene: &Scene| scene.run(|server| record::stacks(server.process().id(), scene.seconds));
    graph::draw_difference(&of(&before)?, &of(after)?, &after.title(), &arguments.out)?;
    println!("{}", arguments.out.display());
    Ok(())
}
