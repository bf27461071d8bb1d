//! What the load makes of a server's answers: a server that answers as the test wants it to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

/// How a server answers.
#[derive(Clone, Copy)]
struct Manner {
    status: &'static str,
    message: &'static str,
    /// Number of the request on which the server stands still for a while.
    stalls_at: Option<u64>,
}

const FINE: Manner = Manner { status: "0", message: "", stalls_at: None };
const STALL: Duration = Duration::from_millis(300);

/// Starts a server that runs as long as the test.
fn serve(manner: Manner) -> SocketAddr {
    let (tell, told) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(socket, manner));
            }
        });
    });
    told.recv().unwrap()
}

async fn converse(socket: TcpStream, manner: Manner) {
    let mut connection = h2::server::handshake(socket).await.unwrap();
    let mut requests = 0;
    while let Some(Ok((request, respond))) = connection.accept().await {
        requests += 1;
        if manner.stalls_at == Some(requests) {
            // Nothing moves meanwhile: the server has one thread.
            thread::sleep(STALL);
        }
        tokio::spawn(answer(request, respond, manner));
    }
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, manner: Manner) {
    assert_eq!(request.headers()["te"], "trailers");
    let mut body = request.into_body();
    while let Some(Ok(data)) = body.data().await {
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", manner.status.parse().unwrap());
    trailers.insert("grpc-message", manner.message.parse().unwrap());
    if manner.status == "0" {
        stream.send_data(Bytes::from_static(&[0; 5]), false).ok();
    }
    stream.send_trailers(trailers).ok();
}

/// Starts the load.
fn begin(address: SocketAddr, report: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid-bench"));
    command
        .args(["run", "put", "--connections=1", "--warm-up=0"])
        .arg(format!("--endpoint={address}"))
        .arg(format!("--json={}", report.display()))
        .args(more)
        .stdout(Stdio::null());
    command.spawn().unwrap()
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
