//! How long the server's threads wait for a processor after something woke them.

use std::path::PathBuf;

use crate::error::Error;
use crate::record::perf;

/// Lines of perf's table before its rows.
const HEAD_LINES: usize = 4;

/// An error when perf may not see what the scheduler does.
pub fn check() -> Result<(), Error> {
    record(std::process::id(), &["true"]).map(|file| {
        std::fs::remove_file(file).ok();
    })
}

/// Records the scheduler as long as a command runs; the file, named by `id`.
fn record(id: u32, command: &[&str]) -> Result<PathBuf, Error> {
    let file = std::env::temp_dir().join(format!("braid-perf-{id}.sched"));
    let path = file.display().to_string();
    let recorded = perf(&[&["sched", "record", "--output", &path, "--"], command].concat());
    if recorded.is_err() {
        std::fs::remove_file(&file).ok();
    }
    recorded.map(|_| file)
}

/// The table of the scheduler's delays over the next `seconds`, rows of process `pid` only. Needs
/// the kernel's tracepoints, which only root sees by default.
pub fn table(pid: u32, seconds: u64) -> Result<String, Error> {
    let file = record(pid, &["sleep", &seconds.to_string()])?;
    let path = file.display().to_string();
    let table = perf(&["sched", "--input", &path, "latency", "--pids"]);
    std::fs::remove_file(&file).ok();
    let table = String::from_utf8_lossy(&table?.stdout).into_owned();
    Ok(rows(&table, &threads(pid)?))
}

/// The ids of a process's threads.
fn threads(pid: u32) -> Result<Vec<String>, Error> {
    let what = format!("the threads of process {pid}");
    let entries = std::fs::read_dir(format!("/proc/{pid}/task")).map_err(Error::system(what))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

fn rows(table: &str, threads: &[String]) -> String {
    let is_head = |number: usize| number < HEAD_LINES;
    let is_own = |line: &str| {
        let name = line.split('|').next().unwrap_or_default();
        name.trim().rsplit_once(':').is_some_and(|(_, id)| threads.iter().any(|own| own == id))
    };
    let lines = table.lines().enumerate().filter(|(number, line)| is_head(*number) || is_own(line));
    lines.map(|(_, line)| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_process_are_kept() {
        let table = "\n ---\n  Task | Runtime ms\n ---\n  core-0:17 | 1 ms\n  other:18 | 2 ms\n";
        let kept = rows(table, &["17".to_owned()]);
        assert!(kept.contains("core-0:17") && kept.contains("Runtime") && !kept.contains("other"));
    }
}
