//! A server in a folder of its own, and the load generator that talks to it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub const BRAID: &str = env!("CARGO_BIN_EXE_braid");

/// Runs the load generator; its exit code.
pub fn bench(arguments: &[&str]) -> u8 {
    braid_bench::main_with(["braid-bench"].iter().chain(arguments).map(Into::into))
}

/// Arguments of the load generator that this program is to play, one a line.
const ROLE: &str = "BRAID_TEST_BENCH";

/// The load generator as a process of its own, which signals may be sent to: this very program, of
/// which one test plays it.
pub fn bench_process(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "common::plays_the_load_generator", "--nocapture"]);
    command.env(ROLE, arguments.join("\n"));
    command
}

#[test]
fn plays_the_load_generator() {
    if let Ok(arguments) = std::env::var(ROLE) {
        let arguments: Vec<_> = arguments.lines().collect();
        std::process::exit(bench(&arguments).into());
    }
}

pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A server in a folder of its own; killed at the end.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    pub folder: tempfile::TempDir,
}

impl Server {
    /// A server with these flags beside those that keep it from others' way; it serves.
    pub fn start(flags: &[&str]) -> Self {
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
            .args(flags)
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, address, folder };
        server.wait_until_healthy();
        server
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn wait_until_healthy(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !healthy(self.address) {
            assert!(Instant::now() < deadline, "{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a workload; its exit code and report.
    pub fn run(&self, workload: &str, more: &[&str]) -> (u8, Value) {
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
