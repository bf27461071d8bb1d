//! The command line.

mod compare;
mod evidence;
mod list;
mod run;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;

/// Load for etcd servers, and comparisons of two of them
#[derive(Parser)]
#[command(name = "braid-bench", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a workload against a server that is there
    Run(Box<run::RunArguments>),
    /// Starts two servers in turn, puts the same load on each and compares the figures
    Compare(Box<compare::CompareArguments>),
    /// Writes what the recorded reports prove into the README, or checks that it stands there
    Evidence(evidence::EvidenceArguments),
    /// Lists the workloads
    List,
}

/// Does what the process's command line says.
pub fn main() -> ExitCode {
    ExitCode::from(main_with(std::env::args_os()))
}

/// Does what a command line says, the program's name first; the exit code.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let result = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => perform(&arguments.command),
        Err(error) => {
            // Help goes to standard output, mistakes to standard error; nobody may listen.
            error.print().ok();
            return error.exit_code() as u8;
        }
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("braid-bench: {error}");
            error.exit_code()
        }
    }
}

fn perform(command: &Command) -> Result<(), Error> {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Evidence(arguments) => evidence::evidence(arguments),
        Command::List => {
            list::list();
            Ok(())
        }
    }
}
