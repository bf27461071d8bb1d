//! Ctrl-C in the middle of a comparison. Alone in its program: a signal meets all of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::disallowed_methods, reason = "a test may read a clock and wait")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const BRAID: &str = env!("CARGO_BIN_EXE_braid");

/// Presses Ctrl-C soon after a server was started below `data`.
fn interrupt_once_there_is(data: PathBuf) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_there = || {
        let entries = fs::read_dir(&data).map(|entries| entries.flatten().collect::<Vec<_>>());
        entries.is_ok_and(|entries| entries.iter().any(|entry| entry.path().is_dir()))
    };
    while !is_there() {
        assert!(Instant::now() < deadline, "no server was started");
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(2));
    Command::new("kill").args(["-INT", &std::process::id().to_string()]).status().unwrap();
}

#[test]
fn an_interrupted_comparison_is_reported_and_marked() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, json, html) = (path("data"), path("report.json"), path("report.html"));
    let options = [
        "braid-bench",
        "compare",
        "put",
        "--clients=4",
        "--duration=600",
        "--server-cpus=0",
        "--load-cpus=0",
    ];
    let options = options.map(str::to_owned).into_iter().chain([
        format!("--against=braid:{BRAID}"),
        format!("--braid={BRAID}"),
        format!("--folder={data}"),
        format!("--json={json}"),
        format!("--html={html}"),
    ]);
    let hand = thread::spawn({
        let data = PathBuf::from(&data);
        move || interrupt_once_there_is(data)
    });
    let code = braid_bench::main_with(options.map(Into::into));
    hand.join().unwrap();
    assert_eq!(code, 130);
    let report: Value = serde_json::from_slice(&fs::read(Path::new(&json)).unwrap()).unwrap();
    assert_eq!(report["unfinished"], "interrupted");
    assert!(fs::read_to_string(html).unwrap().contains("UNFINISHED: interrupted"));
    assert_eq!(fs::read_dir(data).unwrap().count(), 0, "data was left behind");
}
