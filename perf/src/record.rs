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
    fold(&perf(&["script", "--input", &path(&recording.0), "--fields", FIELDS])?.stdout)
}

/// What perf prints of each sample: the folding asks for the event.
const FIELDS: &str = "comm,pid,tid,time,event,ip,sym,dso";

/// Samples as perf prints them, one line for each stack.
fn fold(samples: &[u8]) -> Result<Vec<u8>, Error> {
    let mut folded = vec![];
    Folder::from(Options::default())
        .collapse(samples, &mut folded)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two samples as perf 6 prints them.
    const SAMPLES: &[u8] = b"\
braid-0  812/815  28829.834719: cpu-clock: \n\
\t    55d0c0ffee01 evaluate (/usr/bin/braid)\n\
\t    55d0c0ffee02 step (/usr/bin/braid)\n\
\n\
braid-0  812/815  28829.835220: cpu-clock: \n\
\t    55d0c0ffee02 step (/usr/bin/braid)\n\
\n";

    #[test]
    fn samples_are_folded_from_the_outermost_frame() {
        let folded = String::from_utf8(fold(SAMPLES).unwrap()).unwrap();
        assert_eq!(folded, "braid-0;step 1\nbraid-0;step;evaluate 1\n");
    }

    #[test]
    fn no_sample_is_an_error_and_no_picture() {
        assert!(matches!(fold(b""), Err(Error::Empty)));
    }

    /// What this machine's perf prints, where it has one that may record.
    #[test]
    fn a_recording_of_this_machine_is_folded() {
        if check().is_err() {
            return;
        }
        let busy = std::thread::spawn(|| {
            let until = std::time::Instant::now() + std::time::Duration::from_millis(1500);
            while std::time::Instant::now() < until {}
        });
        let folded = String::from_utf8(stacks(std::process::id(), 1).unwrap()).unwrap();
        busy.join().unwrap();
        assert!(folded.contains(';'), "{folded}");
    }
}
