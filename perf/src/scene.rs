//! A server of its own under a load, each on processors of its own, while somebody looks.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use braid_bench::host::{Cpus, Server, ServerPlan, flag_on_interrupt};
use clap::Args;

use crate::error::Error;

/// How long the load runs before and after somebody looks, in seconds.
const MARGIN_SECONDS: u64 = 1;

/// What is measured.
#[derive(Args, Clone)]
pub struct Scene {
    /// A workload of braid-bench (`braid-bench list`)
    workload: String,
    /// The server; by default the one beside this program
    #[arg(long)]
    server: Option<PathBuf>,
    /// How long to look
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Processors of the server: one core of it runs on each
    #[arg(long, default_value = "0")]
    server_cpus: Cpus,
    /// Processors of the load
    #[arg(long, default_value = "1")]
    load_cpus: Cpus,
    /// A folder on the device that the log is to be on
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Options of the load, after `--`
    #[arg(last = true)]
    load: Vec<String>,
}

impl Scene {
    /// The same with another server.
    pub fn with_server(&self, server: &Path) -> Self {
        Self { server: Some(server.to_owned()), ..self.clone() }
    }

    /// What pictures are headed with.
    pub fn title(&self) -> String {
        format!("braid, {}", self.workload)
    }

    /// Starts the server, puts the load on it and calls `look` while it runs. The server is stopped
    /// and its data removed after Ctrl-C as well, which ends load and recording early.
    pub fn run<T>(&self, look: impl FnOnce(&Server) -> Result<T, Error>) -> Result<T, Error> {
        let interrupt = flag_on_interrupt()?;
        let server = Server::start(&self.plan()?, &interrupt)?;
        let seen = self.look_under_load(&server, look);
        if interrupt.load(Ordering::Relaxed) {
            return Err(braid_bench::Error::Interrupted.into());
        }
        seen
    }

    fn look_under_load<T>(
        &self,
        server: &Server,
        look: impl FnOnce(&Server) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Loads the keys, so that the next load is nothing but the workload.
        finish(self.start_load(server, 1, &[])?)?;
        let load = self.start_load(server, self.seconds + 2 * MARGIN_SECONDS, &["--keep-data"])?;
        thread::sleep(Duration::from_secs(MARGIN_SECONDS));
        let seen = look(server);
        finish(load)?;
        seen
    }

    fn plan(&self) -> Result<ServerPlan, Error> {
        Ok(ServerPlan {
            name: "braid".into(),
            binary: self.server.clone().map_or_else(|| sibling("braid"), Ok)?,
            arguments: vec![],
            cpus: self.server_cpus.clone(),
            zeroes_files: true,
            folder: self.folder.clone(),
        })
    }

    fn start_load(&self, server: &Server, seconds: u64, more: &[&str]) -> Result<Child, Error> {
        let program = sibling("braid-bench")?;
        Command::new(&program)
            .args(["run", &self.workload])
            .arg(format!("--endpoint=http://{}", server.address()))
            .arg(format!("--load-cpus={}", self.load_cpus))
            .arg(format!("--duration={seconds}"))
            .arg("--warm-up=0")
            .args(more)
            .args(&self.load)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::system(program.display().to_string()))
    }
}

fn finish(mut load: Child) -> Result<(), Error> {
    let mut output = String::new();
    if let Some(mut stderr) = load.stderr.take() {
        stderr.read_to_string(&mut output).map_err(Error::system("the load's output"))?;
    }
    let status = load.wait().map_err(Error::system("the load"))?;
    if status.success() { Ok(()) } else { Err(Error::Load { status, output }) }
}

/// A program in the folder of this one.
pub fn sibling(name: &str) -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(Error::system("the own program's path"))?;
    let path = own.with_file_name(name);
    if path.exists() {
        return Ok(path);
    }
    let missing = io::Error::new(io::ErrorKind::NotFound, "build it first: cargo build --release");
    Err(Error::system(format!("{} (package {name})", path.display()))(missing))
}
