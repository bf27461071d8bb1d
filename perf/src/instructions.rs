//! Counts the instructions of hot functions and holds them against their limits.
//!
//! Unlike time, the count is the same on a busy machine. It does differ a little between
//! processors, since the C library picks other copies of `memcpy`, hence limits with some room.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::hot::{CASES, Case};

/// Counts all cases and prints them beside their limits, which `limits` holds.
///
/// # Errors
/// When one cannot be counted, has no limit, or exceeds it.
pub fn check(limits: &Path) -> Result<(), Error> {
    let text = std::fs::read_to_string(limits);
    let text = text.map_err(Error::system(limits.display().to_string()))?;
    let own = std::env::current_exe().map_err(Error::system("the own program's path"))?;
    let mut exceeded = vec![];
    println!("{:<16} {:>12} {:>12}", "instructions of", "counted", "limit");
    for case in &CASES {
        let limit = limit(&text, case.name)?;
        let counted = count(&own, case)?;
        println!("{:<16} {counted:>12} {limit:>12}", case.name);
        if counted > limit {
            exceeded.push(case.name);
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(Error::TooMany(exceeded.join(", "))) }
}

/// The limit of `name`: a line `name = number  # why`.
fn limit(text: &str, name: &str) -> Result<u64, Error> {
    let values = text.lines().filter_map(|line| {
        let (key, rest) = line.split_once('=')?;
        (key.trim() == name).then(|| rest.split('#').next().unwrap_or(rest).trim().parse().ok())?
    });
    values.into_iter().next().ok_or_else(|| Error::NoLimit(name.to_owned()))
}

/// Instructions of one piece of work, which `own`, this very program, does under valgrind.
fn count(own: &Path, case: &Case) -> Result<u64, Error> {
    let out = Out::new();
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*hot_section*", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.0.display()))
        .arg(own)
        .args(["hot", case.name])
        .output();
    match run {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoValgrind),
        Err(error) => Err(Error::system("valgrind")(error)),
        Ok(run) if !run.status.success() => Err(not_counted(case, &run.stderr)),
        Ok(run) => {
            let text = std::fs::read_to_string(&out.0);
            let text = text.map_err(Error::system("callgrind's counts"))?;
            let total = total(&text).filter(|total| *total > 0);
            total.map(|total| total / case.times).ok_or_else(|| not_counted(case, &run.stderr))
        }
    }
}

fn not_counted(case: &Case, said: &[u8]) -> Error {
    let said = String::from_utf8_lossy(said).trim().to_owned();
    Error::NotCounted { case: case.name, said }
}

/// The sum in a file of callgrind's: the line `totals:` or `summary:`.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:"));
    line.and_then(|count| count.trim().parse().ok())
}

struct Out(PathBuf);

impl Out {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("braid-perf-{}.callgrind", std::process::id())))
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_totals_are_read() {
        let text = "# why\nput = 120 # a reason\nputs = 7\n";
        assert_eq!(limit(text, "put").unwrap(), 120);
        assert_eq!(limit(text, "puts").unwrap(), 7);
        assert!(limit(text, "range").is_err());
        assert_eq!(total("events: Ir\ntotals: 12345\n"), Some(12345));
        assert_eq!(total("events: Ir\n"), None);
    }
}
