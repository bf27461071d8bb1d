//! Stacks of a running process, by perf.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};

use crate::error::Error;

/// Samples a second: not a round number, so that nothing periodic is met in step.
const HERTZ: &str = "1997";

/// A file of perf's that goes when it is no longer needed.
struct Recording(PathBuf);

impl Recording {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("braid-perf-{}.data", std::process::id())))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Where process `pid` spends its processor time over the next `seconds`: one line for each stack,
/// frames from the outermost, joined by `;`, and the number of samples.
pub fn stacks(pid: u32, seconds: u64) -> Result<Vec<u8>, Error> {
    let recording = Recording::new();
    let (pid, seconds) = (pid.to_string(), seconds.to_string());
    record(&recording.0, &["--pid", &pid, "--", "sleep", &seconds])?;
    let script = perf(&["script", "--input", &path(&recording.0), "--fields", "comm,tid,ip,sym"])?;
    let mut folded = vec![];
    Folder::from(Options::default())
        .collapse(&*script.stdout, &mut folded)
        .map_err(Error::system("perf's stacks"))?;
    if folded.is_empty() { Err(Error::Empty) } else { Ok(folded) }
}

/// An error when perf is not there or may not record: found out before anything is started for it.
pub fn check() -> Result<(), Error> {
    let recording = Recording::new();
    record(&recording.0, &["true"])
}

/// Records a command, or with `--pid` another process as long as the command runs.
fn record(into: &Path, what: &[&str]) -> Result<(), Error> {
    // The clock of the processor rather than cycles, which virtual machines may not count.
    let how = ["record", "--event", "cpu-clock", "--freq", HERTZ, "--call-graph", "fp"];
    perf(&[&how[..], &["--output", &path(into)], what].concat())?;
    Ok(())
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Runs perf.
pub fn perf(arguments: &[&str]) -> Result<Output, Error> {
    let output = match Command::new("perf").args(arguments).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoPerf),
        output => output.map_err(Error::system("perf"))?,
    };
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Forbidden(said.trim().to_owned()))
}
