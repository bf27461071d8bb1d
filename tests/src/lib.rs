//! A server process for tests from the outside, through real clients.

pub mod record;

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// A running server with a data directory of its own. Killed and wiped on drop.
pub struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// Starts `binary` on loopback with its data below `work`. `None` if nothing is to be tested:
    /// `BRAID_TEST_SERVER` (the binary) or `BRAID_TEST_WORK` (the folder) is not set.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn start(test: &str) -> io::Result<Option<Self>> {
        let variables =
            (std::env::var_os("BRAID_TEST_SERVER"), std::env::var_os("BRAID_TEST_WORK"));
        let (Some(binary), Some(work)) = variables else { return Ok(None) };
        let [port, peer_port] = free_ports()?;
        let folder = Path::new(&work).join(format!("rust-{test}-{port}"));
        fs::create_dir_all(&folder)?;
        let log = File::create(folder.join("log"))?;
        let process = Command::new(binary)
            .args(arguments(&folder, port, peer_port))
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Some(Self { process, folder, port }))
    }

    /// A folder for what belongs to the server, removed with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where clients connect.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that is gone already and a folder that stays do no harm here.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn arguments(folder: &Path, port: u16, peer_port: u16) -> Vec<String> {
    let (client, peer) =
        (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer_port}"));
    vec![
        "--name=default".into(),
        format!("--data-dir={}", folder.join("data").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--log-level=warn".into(),
    ]
}

/// Two ports that nobody listens on.
fn free_ports() -> io::Result<[u16; 2]> {
    let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([listeners[0].local_addr()?.port(), listeners[1].local_addr()?.port()])
}
