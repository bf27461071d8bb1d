//! The program: its command line and reports, and its load on a server whose manners the tests choose.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod answers;
mod command_line;
mod evidence;
mod interrupt;
mod peer;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Puts as a program that is not started yet.
fn load(address: SocketAddr, report: &Path, more: &[&str]) -> Command {
    load_of("put", address, report, more)
}

/// The same for any workload.
fn load_of(workload: &str, address: SocketAddr, report: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid-bench"));
    command
        .args(["run", workload, "--connections=1", "--warm-up=0"])
        .arg(format!("--endpoint={address}"))
        .arg(format!("--json={}", report.display()))
        .args(more);
    command
}

/// Starts the load.
fn begin(address: SocketAddr, report: &Path, more: &[&str]) -> Child {
    load(address, report, more).stdout(Stdio::null()).spawn().unwrap()
}

/// Runs the load to its end: the exit code and the report.
fn run(address: SocketAddr, more: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let status = begin(address, &report, more).wait().unwrap();
    (status.code().unwrap(), json(&report))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
