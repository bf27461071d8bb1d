//! How a report came about, so that others can make it again.

use std::process::Command;

use serde::{Deserialize, Serialize};

/// What is needed to make a report again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// The command line.
    pub command: String,
    /// The commit of the working directory; `+` after it when files differ from it.
    pub commit: String,
    /// The day.
    pub date: String,
}

impl Made {
    /// By this process, now; `command` is what was called, if that was something else.
    pub fn now(command: Option<&str>) -> Self {
        Self {
            command: command.map_or_else(own_command, str::to_owned),
            commit: commit(),
            date: said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(unknown),
        }
    }
}

/// The own command line; in which folder the program is does not matter to others.
fn own_command() -> String {
    let arguments = std::env::args().skip(1);
    [env!("CARGO_PKG_NAME").to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

fn commit() -> String {
    let Some(commit) = said("git", &["rev-parse", "--short=12", "HEAD"]) else { return unknown() };
    match said("git", &["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit}+"),
    }
}

fn unknown() -> String {
    "unknown".into()
}

/// What a program prints when all is well.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
