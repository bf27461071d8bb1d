//! A server that only echoes: the `h2_echo` example of the runtime.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::server::spawn_on;
use super::{Cpus, Process};
use crate::client::Endpoint;
use crate::error::Error;

/// How long it may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A running echo. Dropping it kills it.
pub struct Echo {
    child: Child,
    address: SocketAddr,
}

impl Echo {
    /// Starts it and waits until it listens, or until `interrupt` is set.
    pub fn start(binary: &Path, cpus: &Cpus, interrupt: &AtomicBool) -> Result<Self, Error> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = address.and_then(|listener| listener.local_addr());
        let address = address.map_err(Error::system("a free port"))?;
        let mut command = Command::new(binary);
        command.arg(address.port().to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        // Ctrl-C in the terminal is for this tool, which then stops the echo.
        command.process_group(0);
        let child = spawn_on(command, cpus);
        let echo =
            Self { child: child.map_err(Error::system(binary.display().to_string()))?, address };
        let deadline = Instant::now() + START_TIMEOUT;
        while let Err(error) = TcpStream::connect(address) {
            if interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if Instant::now() > deadline {
                return Err(Error::system(binary.display().to_string())(error));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(echo)
    }

    /// Where it listens.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::plain(self.address)
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process::new(self.child.id())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
