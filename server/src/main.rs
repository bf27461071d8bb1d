//! The `braid` binary: reads the configuration, starts the log, runs the server.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use braid_runtime::clock::Clock;
use braid_server::config::error::ConfigError;
use braid_server::config::settings::Notice;
use braid_server::config::{self, Config, LogConfig, Startup};
use braid_server::{logging, run, tune, version};
use braid_tuning::host::Host;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|word| word == tune::WORD).is_some() {
        return tune::main(arguments);
    }
    let environment: Vec<_> = std::env::vars_os().collect();
    let clock = Clock::start();
    let host = Host::read();
    let probing = clock.now();
    match config::load(arguments, &environment, &host) {
        Ok(Startup::Print(text)) => print(&text),
        Ok(Startup::Serve(config, notices)) => serve(*config, &notices, probing),
        Err(error) => refuse(&error),
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// `probing` is the time that it took to look at the machine.
fn serve(config: Config, notices: &[Notice], probing: Duration) -> ExitCode {
    if let Err(error) = logging::start(&config.log) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    logging::notices(notices);
    tracing::debug!(took = ?probing, tuned = ?config.tuned, "looked at the machine");
    tracing::info!(
        version = version::BRAID_VERSION,
        "etcd-version" = version::ETCD_VERSION,
        name = config.member.name,
        "data-dir" = %config.member.data_dir.display(),
        cores = config.tuned.cores,
        "memory-bytes" = config.tuned.memory_bytes,
        "starting braid"
    );
    match run::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::fatal(error);
            ExitCode::FAILURE
        }
    }
}

/// A wrong command line is answered in plain text to whoever typed it; everything else goes where
/// the log's readers look.
fn refuse(error: &ConfigError) -> ExitCode {
    match error {
        ConfigError::Usage(usage) => {
            eprintln!("{usage}\nTry 'braid --help'; docs/flags.md has every flag.");
        }
        _ => match logging::start(&LogConfig::default()) {
            Ok(()) => logging::fatal(error),
            Err(log) => eprintln!("{error}\n{log}"),
        },
    }
    ExitCode::from(error.exit_code())
}
