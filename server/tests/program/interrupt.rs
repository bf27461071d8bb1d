//! Ctrl-C in a comparison of real servers: while keys are loaded, and while it measures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{BRAID, bench_process, json};

/// How long a comparison may take to end: longer than it does on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A comparison below `folder` of the server with itself.
fn comparison(folder: &Path, more: &[&str]) -> Child {
    let path = |name: &str| folder.join(name).display().to_string();
    let own = [
        "compare".to_owned(),
        "--server-cpus=0".to_owned(),
        "--load-cpus=0".to_owned(),
        format!("--against=braid:{BRAID}"),
        format!("--braid={BRAID}"),
        format!("--folder={}", path("data")),
        format!("--json={}", path("report.json")),
        format!("--html={}", path("report.html")),
    ];
    let arguments = own.iter().map(String::as_str).chain(more.iter().copied());
    bench_process(&arguments.collect::<Vec<_>>()).spawn().unwrap()
}

/// Bytes of the log of the server that was started below `data`, once it has some.
fn log_bytes(data: &Path) -> Option<u64> {
    let server = fs::read_dir(data).ok()?.flatten().find(|entry| entry.path().is_dir())?;
    let files = fs::read_dir(server.path().join("data")).ok()?.flatten();
    Some(files.filter_map(|file| Some(file.metadata().ok()?.len())).sum())
}

fn wait_until_a_server_has_a_log(data: PathBuf) {
    let deadline = Instant::now() + PATIENCE;
    while log_bytes(&data).unwrap_or_default() == 0 {
        assert!(Instant::now() < deadline, "no server was started");
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(2));
}

fn interrupt(process: &Child) {
    Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
}

fn exit_code(mut process: Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = process.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    panic!("it does not end");
}

/// Processes with this text in their command lines.
fn processes_with(text: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

/// The reports say that they are not whole, and neither servers nor their data are left.
#[track_caller]
fn is_marked_and_cleaned_up(folder: &Path) {
    assert_eq!(json(&folder.join("report.json"))["unfinished"], "interrupted");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("UNFINISHED: interrupted"));
    let data = folder.join("data");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "data was left behind");
    assert_eq!(processes_with(&data.display().to_string()), 0, "a server was left behind");
}

#[test]
fn while_it_measures() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let comparison = comparison(folder.path(), &["put", "--clients=4", "--duration=600"]);
    wait_until_a_server_has_a_log(folder.path().join("data"));
    interrupt(&comparison);
    assert_eq!(exit_code(comparison), Some(130));
    is_marked_and_cleaned_up(folder.path());
}

/// Whoever has no patience presses it twice.
#[test]
fn twice_while_keys_are_loaded() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let comparison = comparison(folder.path(), &["get", "--keys=1000000000"]);
    wait_until_a_server_has_a_log(folder.path().join("data"));
    interrupt(&comparison);
    interrupt(&comparison);
    assert_eq!(exit_code(comparison), Some(130));
    is_marked_and_cleaned_up(folder.path());
}
