//! Every workload of the load generator, in small, against this server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::disallowed_methods, reason = "a test may read a clock and wait")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const BRAID: &str = env!("CARGO_BIN_EXE_braid");

/// Sizes at which a workload takes a second at most.
const SMALL: [&str; 10] = [
    "--clients=4",
    "--connections=2",
    "--watchers=4",
    "--keys=200",
    "--duration=0.3",
    "--warm-up=0.1",
    "--write-rate=100",
    "--limit=50",
    "--value-size=100..300",
    "--distribution=zipfian",
];

fn bench(arguments: &[&str]) -> u8 {
    braid_bench::main_with(["braid-bench"].iter().chain(arguments).map(Into::into))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A server in a folder of its own; killed at the end.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let [address, peer] = free_addresses();
        let child = Command::new(BRAID)
            .env_clear()
            .arg(format!("--data-dir={}", folder.path().join("data").display()))
            .arg(format!("--listen-client-urls=http://{address}"))
            .arg(format!("--advertise-client-urls=http://{address}"))
            .arg(format!("--listen-peer-urls=http://{peer}"))
            .arg(format!("--initial-advertise-peer-urls=http://{peer}"))
            .arg(format!("--initial-cluster=default=http://{peer}"))
            .arg("--cores=1")
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, address, folder };
        server.wait_until_healthy();
        server
    }

    fn wait_until_healthy(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !healthy(self.address) {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(Instant::now() < deadline, "{log}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a workload; its exit code and report.
    fn run(&self, workload: &str, more: &[&str]) -> (u8, Value) {
        let report = self.folder.path().join(format!("{workload}.json"));
        let endpoint = format!("--endpoint={}", self.address);
        let (pid, path) =
            (format!("--pid={}", self.child.id()), format!("--json={}", report.display()));
        let own = ["run", workload, &endpoint, &pid, &path];
        let code = bench(&[&own[..], more].concat());
        (code, json(&report))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

fn healthy(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).is_ok() && answer.contains("\"true\"")
}

#[track_caller]
fn works(server: &Server, workload: &str, more: &[&str]) {
    let (code, report) = server.run(workload, &[&SMALL[..], more].concat());
    assert_eq!(code, 0, "{workload}: {report:#}");
    assert_eq!(report["errors"], serde_json::json!({}), "{workload}");
    assert!(report["operations"][0]["completed"].as_u64().unwrap() > 0, "{workload}: {report:#}");
    assert!(report["server"]["cpu_us"].as_f64().unwrap() >= 0.0, "{workload}");
}

#[test]
fn requests_are_answered() {
    let server = Server::start();
    for workload in ["put", "get", "prefix", "mixed", "read-under-write", "connection-storm"] {
        works(&server, workload, &[]);
    }
    works(&server, "put", &["--rate=200", "--threads=2"]);
    // The last turn comes long before the end; what the server used is known all the same.
    works(&server, "get", &["--rate=5"]);
}

#[test]
fn lists_are_whole() {
    let server = Server::start();
    for workload in ["count", "count-pinned", "list-pages", "list-all", "list-stream"] {
        works(&server, workload, &[]);
    }
}

#[test]
fn transactions_succeed() {
    let server = Server::start();
    for workload in ["txn-create", "txn-update", "txn-delete", "txn-pair"] {
        works(&server, workload, &[]);
    }
}

#[test]
fn leases_live_and_watchers_hear() {
    let server = Server::start();
    for workload in
        ["lease-keepalive", "lease-churn", "watch-fanout", "watch-latency", "kubernetes"]
    {
        works(&server, workload, &[]);
    }
}

#[test]
fn an_idle_server_is_measured() {
    let (code, report) = Server::start().run("idle", &SMALL);
    assert_eq!(code, 0);
    assert!(report["server"]["processors"].is_number());
}

#[test]
fn a_server_that_dies_leaves_a_report_that_says_so() {
    let mut server = Server::start();
    let process = server.child.id();
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(700));
        Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
    });
    let (code, report) = server.run("put", &["--duration=20", "--warm-up=0.1", "--clients=4"]);
    killer.join().unwrap();
    server.child.wait().unwrap();
    assert_eq!(code, 1);
    assert!(report["unfinished"].as_str().unwrap().contains("clients ended early"), "{report:#}");
    assert!(report["errors"]["put: connection lost"].as_u64().unwrap() > 0, "{report:#}");
    // It did not wait for the end of the twenty seconds.
    assert!(report["measured_seconds"].as_f64().unwrap() < 15.0);
}

#[test]
fn a_full_disk_under_the_report_is_an_error() {
    let server = Server::start();
    let endpoint = format!("--endpoint={}", server.address);
    let arguments = ["run", "put", &endpoint, "--json=/dev/full"];
    assert_eq!(bench(&[&arguments[..], &SMALL].concat()), 1);
}

#[test]
fn two_servers_are_compared() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, report) = (format!("--folder={}", path("data")), path("report.json"));
    let html = format!("--html={}", path("report.html"));
    let (against, braid) = (format!("--against=braid:{BRAID}"), format!("--braid={BRAID}"));
    let json_option = format!("--json={report}");
    let own = [
        "compare",
        "put",
        "get",
        "--sweep=2,4",
        &data,
        &against,
        &braid,
        "--rounds=1",
        &json_option,
        &html,
    ];
    // One processor for both: there may be no other.
    let cpus = ["--server-cpus=0", "--load-cpus=0"];
    // The sweep says how many clients.
    let small: Vec<_> = SMALL.into_iter().filter(|option| !option.contains("clients")).collect();
    assert_eq!(bench(&[&own[..], &cpus, &small].concat()), 0);
    let page = fs::read_to_string(path("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("<polyline"));
    // It opens without a network.
    assert!(!page.contains("http") && !page.contains("<script"));
    let report = json(Path::new(&report));
    assert_eq!(report["rows"].as_array().unwrap().len(), 4);
    for row in report["rows"].as_array().unwrap() {
        for side in ["reference", "braid"] {
            assert_eq!(row[side].as_array().unwrap().len(), 2, "{row:#}");
        }
        let rate = &row["figures"][0];
        assert_eq!(rate["difference"], "too-few-runs");
        assert!(rate["ratio"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(fs::read_dir(path("data")).unwrap().count(), 0, "data was left behind");
}
