//! `braid-perf`: where the server's time goes, as pictures and tables.

mod cli;
mod error;
mod graph;
mod hot;
mod instructions;
mod record;
mod scene;
mod scrape;
mod stages;
mod wakeups;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("braid-perf: {error}");
            ExitCode::FAILURE
        }
    }
}
