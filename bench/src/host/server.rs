//! A server under test: started by this tool, stopped by it, its data gone with it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Cpus, Process, pin};
use crate::client::Endpoint;
use crate::error::Error;

/// How long a server may take until it says that it is healthy.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of a log an error shows, in bytes.
const LAST_WORDS_BYTES: usize = 1000;

/// What is to be started.
#[derive(Clone, Debug)]
pub struct ServerPlan {
    /// What it is called in reports.
    pub name: String,
    /// The program.
    pub binary: PathBuf,
    /// Its arguments beside addresses and data.
    pub arguments: Vec<String>,
    /// Its processors.
    pub cpus: Cpus,
    /// It fills files with zeros before it uses them.
    pub zeroes_files: bool,
    /// A folder on the device to measure; the server gets a new one in it.
    pub folder: PathBuf,
}

/// A running server. Dropping it kills it and removes its data.
pub struct Server {
    plan: ServerPlan,
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Server {
    /// Starts it with an empty data directory and waits until it is healthy, or until `interrupt` is
    /// set.
    pub fn start(plan: &ServerPlan, interrupt: &AtomicBool) -> Result<Self, Error> {
        let folder = plan.folder.join(format!("server-{}", std::process::id()));
        let what = format!("the data directory {}", folder.display());
        let (address, peer) = free_addresses().map_err(Error::system("a free port"))?;
        remove(&folder).and_then(|()| fs::create_dir_all(&folder)).map_err(Error::system(what))?;
        let command = command(plan, &folder, address, peer);
        let child = command.and_then(|command| spawn_on(command, &plan.cpus));
        let child = child.map_err(Error::system(plan.binary.display().to_string()))?;
        let mut server = Self { plan: plan.clone(), child, folder, address };
        server.wait_until_healthy(interrupt)?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::plain(self.address)
    }

    /// Its address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn process(&self) -> Process {
        let process = Process::new(self.child.id());
        if self.plan.zeroes_files { process.zeroing(data_path(&self.folder)) } else { process }
    }

    /// An error when it no longer runs.
    pub fn check(&mut self) -> Result<(), Error> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failed(format!("it ended with {status}"))),
            Err(error) => Err(self.failed(error.to_string())),
        }
    }

    fn wait_until_healthy(&mut self, interrupt: &AtomicBool) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !is_healthy(self.address) {
            self.check()?;
            if interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if Instant::now() > deadline {
                return Err(self.failed("it does not become healthy".into()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn failed(&self, what: String) -> Error {
        let log = fs::read(log_path(&self.folder)).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(LAST_WORDS_BYTES)..];
        let log = String::from_utf8_lossy(tail).into_owned();
        Error::Server { name: self.plan.name.clone(), what, log }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What it holds is thrown away; there is nothing to shut down in order.
        self.child.kill().ok();
        self.child.wait().ok();
        remove(&self.folder).ok();
    }
}

fn data_path(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn command(
    plan: &ServerPlan,
    folder: &Path,
    address: SocketAddr,
    peer: SocketAddr,
) -> io::Result<Command> {
    let log = File::create(log_path(folder))?;
    let mut command = Command::new(&plan.binary);
    command
        .arg("--name=bench")
        .arg(format!("--data-dir={}", data_path(folder).display()))
        .arg(format!("--listen-client-urls=http://{address}"))
        .arg(format!("--advertise-client-urls=http://{address}"))
        .arg(format!("--listen-peer-urls=http://{peer}"))
        .arg(format!("--initial-advertise-peer-urls=http://{peer}"))
        .arg(format!("--initial-cluster=bench=http://{peer}"))
        .arg("--log-level=error")
        .args(&plan.arguments)
        // Settings of whoever measures must not reach the server.
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl-C in the terminal is for this tool, which then stops the server.
        .process_group(0);
    Ok(command)
}

/// Starts a process on these processors: it inherits those of the thread that starts it.
pub(super) fn spawn_on(mut command: Command, cpus: &Cpus) -> io::Result<Child> {
    let cpus = cpus.clone();
    let starter = thread::spawn(move || pin(&cpus).and_then(|()| command.spawn()));
    starter.join().unwrap_or_else(|_| Err(io::Error::other("the starting thread panicked")))
}

/// Two ports that nobody listens on; someone else may take them before the server does, and then
/// it says so.
fn free_addresses() -> io::Result<(SocketAddr, SocketAddr)> {
    let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (client, peer) = (any()?, any()?);
    Ok((client.local_addr()?, peer.local_addr()?))
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains("\"true\""))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
