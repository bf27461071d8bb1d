//! What the load makes of a server's answers.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::peer::{FINE, Manner, STALL, serve};
use crate::{begin, json, load, load_of, run};

#[test]
fn good_answers_are_counted() {
    // Values beyond the window of a stream must wait for it, not break it.
    for size in ["--value-size=0", "--value-size=256", "--value-size=200000"] {
        let (code, report) = run(serve(FINE), &["--clients=4", "--duration=0.3", size]);
        assert_eq!((code, &report["errors"]), (0, &serde_json::json!({})), "{size}");
        assert!(report["operations"][0]["completed"].as_u64().unwrap() > 0, "{size}: {report:#}");
        assert_eq!(report["unfinished"], Value::Null);
    }
}

#[test]
fn an_echo_is_measured() {
    let report = tempfile::NamedTempFile::new().unwrap();
    let output = load_of("echo", serve(FINE), report.path(), &["--clients=4", "--duration=0.3"])
        .output()
        .unwrap();
    let report = json(report.path());
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["errors"], serde_json::json!({}));
    assert!(report["operations"][0]["completed"].as_u64().unwrap() > 0, "{report:#}");
}

#[test]
fn errors_are_counted_by_kind_and_are_no_successes() {
    let manner = Manner { status: "14", message: "etcdserver: no leader", ..FINE };
    let (_, report) = run(serve(manner), &["--clients=4", "--duration=0.3"]);
    assert!(report["errors"]["put: Unavailable"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(report["operations"], serde_json::json!([]));
}

#[test]
fn an_open_loop_does_not_hide_a_stall() {
    let load = ["--clients=1", "--duration=1", "--rate=200"];
    let manner = Manner { stalls_at: Some(20), ..FINE };
    let (_, open) = run(serve(manner), &load);
    let latency = &open["operations"][0]["latency"];
    // Sixty operations were due while the server stood still, not one.
    assert!(latency["p90"].as_f64().unwrap() > STALL.as_nanos() as f64 / 3.0, "{latency:#}");
    assert!(latency["max"].as_f64().unwrap() >= STALL.as_nanos() as f64 * 0.9, "{latency:#}");
}

#[test]
fn the_first_operation_counts_where_nothing_warms_up() {
    let manner = Manner { stalls_at: Some(1), ..FINE };
    let (_, report) = run(serve(manner), &["--clients=1", "--duration=0.1"]);
    let latency = &report["operations"][0]["latency"];
    assert!(latency["max"].as_f64().unwrap() >= STALL.as_nanos() as f64 * 0.9, "{report:#}");
}

#[test]
fn an_interrupted_run_is_reported_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut load = begin(serve(FINE), &report, &["--clients=4", "--duration=600"]);
    thread::sleep(Duration::from_millis(800));
    Command::new("kill").args(["-INT", &load.id().to_string()]).status().unwrap();
    assert_eq!(load.wait().unwrap().code(), Some(130));
    let report = json(&report);
    assert_eq!(report["unfinished"], "interrupted");
    assert!(report["operations"][0]["completed"].as_u64().unwrap() > 0);
    assert!(report["measured_seconds"].as_f64().unwrap() < 500.0);
}

#[test]
fn a_full_disk_under_the_output_spares_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = load(serve(FINE), &path, &["--clients=4", "--duration=0.1"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be written to standard output"), "{said}");
    assert!(json(&path)["operations"][0]["completed"].as_u64().unwrap() > 0);
}
