//! One pinned executor thread for each core.
//!
//! A core with nothing to do polls its rings for [`Options::spin`] and then sleeps in the kernel.
//! Each sleep is preceded by at most one spin, so an idle core, which only its timers wake, spends
//! `spin` times its timers' rate: nothing worth counting.
//!
//! Two traps of glommio's scheduler, both about its preemption timer (100 ms):
//! - A task that wakes itself keeps the core from its rings until that timer fires. A task with
//!   much to do therefore pauses by [`Turn`] or [`Turns`], which pass through the rings.
//! - When the timer fires between the look at the rings and the first task, because the thread was
//!   off the processor meanwhile, the executor sleeps over tasks that are ready. A shorter timer
//!   makes that frequent, so it stays as it is, and a heartbeat ends such a sleep.

use std::future::Future;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use braid_storage::ids::CoreId;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};

use crate::{clock, cpus};

mod turn;
mod turns;

pub use turn::Turn;
pub use turns::Turns;

/// How executors are set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The processors that cores are pinned to, in the cores' order; empty for all that the affinity
    /// mask allows, in ascending order.
    pub cpus: Vec<usize>,
    /// How long a core looks for work before it sleeps. A core alone gains nothing from it, as
    /// nobody sends it mail; two save most of the wake-up time for each other.
    pub spin: Duration,
    /// Entries of each submission queue: what can be handed to the kernel by one system call.
    pub ring_depth: usize,
    /// Memory for file reads and writes that is registered with the kernel, in bytes a core.
    pub io_memory: usize,
}

/// Rings this deep hold the sockets of a thousand busy connections in a few submissions.
const RING_DEPTH: usize = 256;
/// For values that are read back and segments that are zeroed; beyond that buffers come from the
/// heap, unregistered. The log's writes have a buffer of their own.
const IO_MEMORY_MAX: u64 = 4 << 20;
/// Each of an executor's three rings registers the same memory, and the kernel charges it anew.
pub const RINGS: u64 = 3;
/// The longest that a core sleeps over ready tasks. Four wake-ups a second cost next to nothing.
const HEARTBEAT: Duration = Duration::from_millis(250);
/// What an executor asks for as a minimum (glommio's own limit).
const MEMLOCK_MIN: u64 = 512 << 10;

impl Options {
    /// Sane values for `cores` cores under this process's limits.
    pub fn for_cores(cores: usize) -> Self {
        let spin = if cores > 1 { Duration::from_micros(50) } else { Duration::ZERO };
        let cpus = Vec::new();
        Self { cpus, spin, ring_depth: RING_DEPTH, io_memory: io_memory(cores, memlock_limit()) }
    }
}

/// Half of the limit on locked memory, divided over all rings, as a power of two.
fn io_memory(cores: usize, limit: u64) -> usize {
    let share = limit / 2 / RINGS / cores.max(1) as u64;
    let size = share.clamp(64 << 10, IO_MEMORY_MAX);
    1 << size.ilog2()
}

fn memlock_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` outlives the call, which writes nothing else.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    if result == 0 { limit.rlim_cur } else { 0 }
}

/// Why the executors did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A core without a processor of its own would halve another's speed, unseen.
    #[error(
        "{wanted} cores were asked for, but this process may only run on {allowed} processors: \
         ask for at most that many, or widen the affinity mask (taskset, cpuset)"
    )]
    TooFewCpus {
        /// Cores asked for.
        wanted: usize,
        /// Processors in the affinity mask.
        allowed: usize,
    },
    /// The limit on locked memory does not even hold the rings.
    #[error(
        "the limit on locked memory is {limit} bytes, less than {MEMLOCK_MIN}: raise it \
         (ulimit -l, LimitMEMLOCK=)"
    )]
    Memlock {
        /// The soft limit in bytes.
        limit: u64,
    },
    /// A core's thread or rings could not be made.
    #[error("core {core} cannot start: {reason}")]
    Core {
        /// Which one.
        core: CoreId,
        /// What the system said.
        reason: String,
    },
    /// The affinity mask could not be read.
    #[error("the affinity mask cannot be read: {0}")]
    Mask(#[from] io::Error),
}

/// The running executors.
#[derive(Debug)]
#[must_use = "the executors run until they are joined"]
pub struct Executors {
    threads: Vec<JoinHandle<()>>,
}

impl Executors {
    /// Waits until every core's future has completed.
    ///
    /// # Panics
    /// When a core panicked and the process survived it (see [`crate::fatal::exit_on_panic`]).
    pub fn join(self) {
        for thread in self.threads {
            thread.join().expect("a core panicked");
        }
    }
}

/// Starts one executor for each of `states`, pinned to a processor of its own, and runs
/// `main(core, state)` on it. Nothing runs anywhere unless all can start.
///
/// # Errors
/// What to change so that they can.
pub fn start<S, M, F>(options: &Options, states: Vec<S>, main: M) -> Result<Executors, StartError>
where
    S: Send + 'static,
    M: FnOnce(CoreId, S) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    let cpus = processors(&options.cpus, states.len())?;
    let (report, reports) = mpsc::channel();
    let mut starters = Vec::with_capacity(states.len());
    for ((index, state), cpu) in states.into_iter().enumerate().zip(cpus) {
        let core = CoreId(u16::try_from(index).expect("processors are counted in u16"));
        let (main, report, options) = (main.clone(), report.clone(), options.clone());
        starters.push(Starter::spawn(core, move |go| {
            run(core, cpu, &options, report, &go, move || main(core, state));
        })?);
    }
    drop(report);
    reports.into_iter().collect::<Result<(), _>>()?;
    Ok(Executors { threads: starters.into_iter().map(Starter::go).collect() })
}

/// Runs `future` beside the caller, on the same core.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    glommio::spawn_local(future).detach();
}

fn processors(chosen: &[usize], wanted: usize) -> Result<Vec<usize>, StartError> {
    let limit = memlock_limit();
    if limit < MEMLOCK_MIN {
        return Err(StartError::Memlock { limit });
    }
    let cpus = if chosen.is_empty() { cpus::allowed()? } else { chosen.to_vec() };
    if cpus.len() < wanted {
        return Err(StartError::TooFewCpus { wanted, allowed: cpus.len() });
    }
    Ok(cpus)
}

/// A core's thread that waits for all others to be ready. Dropping it sends the thread home.
struct Starter {
    thread: JoinHandle<()>,
    go: Sender<()>,
}

impl Starter {
    fn spawn(
        core: CoreId,
        body: impl FnOnce(Receiver<()>) + Send + 'static,
    ) -> Result<Self, StartError> {
        let (go, wait) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(format!("core-{core}"))
            .spawn(move || body(wait))
            .map_err(|error| StartError::Core { core, reason: error.to_string() })?;
        Ok(Self { thread, go })
    }

    fn go(self) -> JoinHandle<()> {
        // The thread waits for this unless it panicked, which joining it will tell.
        let _ = self.go.send(());
        self.thread
    }
}

/// A core's thread: makes the executor, reports, waits for the others, runs.
fn run<F: Future<Output = ()> + 'static>(
    core: CoreId,
    cpu: usize,
    options: &Options,
    report: Sender<Result<(), StartError>>,
    go: &Receiver<()>,
    main: impl FnOnce() -> F,
) {
    let (executor, outcome) = match executor(core, cpu, options) {
        Ok(executor) => (Some(executor), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // The starter only stops listening when another core has failed, and then sends no `go`.
    let _ = report.send(outcome);
    drop(report);
    if let (Some(executor), Ok(())) = (executor, go.recv()) {
        let main = main();
        executor.run(async {
            spawn(heartbeat());
            main.await;
        });
    }
}

async fn heartbeat() {
    loop {
        clock::sleep(HEARTBEAT).await;
    }
}

fn executor(core: CoreId, cpu: usize, options: &Options) -> Result<LocalExecutor, StartError> {
    LocalExecutorBuilder::new(Placement::Fixed(cpu))
        .spin_before_park(options.spin)
        .ring_depth(options.ring_depth)
        .io_memory(options.io_memory)
        .make()
        .map_err(|error| StartError::Core { core, reason: reason(error) })
}

/// What the system said, and what to do where that is known.
fn reason(error: glommio::GlommioError<()>) -> String {
    let error = io::Error::from(error);
    match error.raw_os_error() {
        Some(libc::EMFILE) => format!("{error}; raise the limit (ulimit -n, LimitNOFILE=)"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
