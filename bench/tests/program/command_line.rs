//! What the command line refuses, and how it says so.

use std::net::TcpListener;
use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_braid-bench")).args(arguments).output().unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], code: i32, message: &str) {
    let output = bench(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(message), "{text}");
}

/// A port that nobody listens on.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn an_unknown_workload_is_answered_with_the_known_ones() {
    fails(&["run", "pute"], 2, "txn-update");
}

#[test]
fn nonsense_is_refused() {
    fails(&["run", "put", "--value-size=9..1"], 2, "sizes must grow");
    fails(&["run", "put", "--rate=-1"], 2, "no number");
    fails(&["run", "put", "--endpoint=nowhere"], 2, "is not host:port");
    fails(&["run", "watch-latency", "--value-size=4"], 2, "values carry the time");
    fails(&["run", "prefix", "--keys=25"], 2, "multiple of ten");
    fails(&["compare", "put", "--against=zookeeper"], 2, "must be etcd");
}

#[test]
fn a_report_that_has_no_place_is_refused_at_once() {
    fails(&["run", "put", "--json=/nowhere/put.json"], 1, "written to /nowhere/put.json: No such");
    fails(&["compare", "put", "--html=/nowhere/put.html"], 1, "written to /nowhere/put.html");
}

#[test]
fn an_unreachable_server_is_named() {
    let endpoint = format!("--endpoint={}", closed_port());
    fails(&["run", "put", &endpoint], 1, "cannot be reached");
    // The same where keys are to be loaded first.
    fails(&["run", "get", &endpoint], 1, "cannot be reached");
}

#[test]
fn a_process_that_is_not_there_is_named() {
    fails(&["run", "put", "--pid=4294967294"], 1, "process 4294967294");
}

#[test]
fn a_server_that_does_not_speak_http2_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("--endpoint={}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    fails(&["run", "put", "--clients=1", "--connections=1", &endpoint], 1, "");
    server.join().unwrap();
}

#[test]
fn a_binary_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = format!("--folder={}", folder.path().display());
    fails(&["compare", "put", "--braid=/nowhere/braid", &folder], 1, "/nowhere/braid");
}

#[test]
fn every_workload_is_listed() {
    let output = bench(&["list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for name in ["put ", "list-stream ", "kubernetes ", "connection-storm "] {
        assert!(text.contains(name), "{text}");
    }
}
