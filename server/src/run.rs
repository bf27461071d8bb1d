//! The server's life, from a valid configuration to its end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid_core::machine::CoreState;
use braid_core::member::{self, MemberConfig, MemberError};
use braid_core::routing::Routing;
use braid_net::budget::Budget;
use braid_runtime::clock::Clock;
use braid_runtime::cpus;
use braid_runtime::executors::{self, Options, StartError};
use braid_runtime::fatal;
use braid_runtime::files::{Access, FileError, LogDir};
use braid_runtime::mailbox::mailboxes;
use braid_runtime::probe::{self as uring, Unavailable};
use braid_runtime::pump::MAILBOX_CAPACITY;
use braid_runtime::recovery::{self, Found};
use braid_runtime::signals;
use braid_runtime::sockets::Balancer;
use braid_storage::ids::CoreId;
use braid_storage::log::LogConfig;
use braid_storage::member::Identity;
use braid_tuning::placement::{self, Topology};
use braid_tuning::profile::Sync;
use braid_tuning::tuned::Tuned;

use crate::config::Config;
use crate::listeners::{ListenError, Listeners};
use crate::probe::data_dir::{DataDir, DataDirError};
use crate::probe::{self, Storage, StorageError};
use crate::serve::{CoreParts, Shared, serve};
use crate::{identity, logging, notify, open_files};

/// Blocks of the log; whole blocks are written, so that no sector with acknowledged bytes is ever
/// touched again whatever size the disk's sectors have.
const BLOCK_BYTES: u32 = 4096;

/// Connections on their way from the accepting core to another: as many as the kernel keeps, so that
/// a burst finds room.
const CONNECTIONS_ON_THEIR_WAY: usize = 4096;

/// Open connections of the whole process; it may be less by the limit on open files.
const CONNECTIONS_MAX: usize = 65_536;

/// Why the server ended, when it was not asked to.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunError {
    #[error(transparent)]
    IoUring(#[from] Unavailable),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the data directory cannot be recovered: {0}")]
    Recovery(#[from] recovery::Error),
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("signals cannot be handled: {0}")]
    Signals(io::Error),
    #[error("/dev/urandom cannot be read: {0}")]
    Entropy(io::Error),
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// The environment makes service impossible.
pub fn run(config: Config) -> Result<(), RunError> {
    uring::check()?;
    fatal::exit_on_panic();
    open_files::raise_limit();
    let directory = DataDir::open(&config.member.data_dir, config.member.cluster_state)?;
    // A port that is taken is told before anything is written or read back.
    let listeners = Listeners::bind(&config)?;
    let clock = Clock::start();
    let storage = probe::storage(&directory.path)?;
    tracing::debug!(took = ?clock.now(), ?storage, "looked at the data directory's disk");
    logging::notices(&directory.notices);
    logging::notices(&storage.notices);
    warn_of_buffered(&config.tuned, &storage);
    let (identity, notices) =
        identity::open(&directory.path, directory.is_new, &config, BLOCK_BYTES)?;
    logging::notices(&notices);
    let dir = LogDir::open(&directory.path, storage.access)?;
    let found = recover(&config, &dir, &identity)?;
    let states = assemble(&config, &identity, found)?;
    let options = options(&config.tuned)?;
    // Until here a signal ends the process as it ends any other: there is nothing to finish.
    signals::prepare().map_err(RunError::Signals)?;
    let parts = parts(states, listeners);
    let shared = share(config, identity, dir, clock)?;
    executors::start(&options, parts, move |_, parts| serve(shared, parts))?.join();
    tracing::info!("stopped");
    // The service manager may have gone away; the server stops either way.
    let _ = notify::stopping();
    Ok(())
}

fn parts(states: Vec<CoreState>, listeners: Listeners) -> Vec<CoreParts> {
    let cores = states.len() as u16;
    let mut listeners = Some(listeners);
    let ends = mailboxes(cores, MAILBOX_CAPACITY).into_iter();
    let ends = ends.zip(mailboxes(cores, CONNECTIONS_ON_THEIR_WAY)).zip(mailboxes(cores, 1));
    states
        .into_iter()
        .zip(ends)
        .map(|(state, ((mailboxes, connections), stop))| {
            let listeners = listeners.take().unwrap_or_default();
            CoreParts { state, mailboxes, connections, stop, listeners }
        })
        .collect()
}

fn share(
    config: Config,
    identity: Identity,
    dir: LogDir,
    clock: Clock,
) -> Result<Shared, RunError> {
    let cores = config.tuned.cores;
    Ok(Shared {
        identity: Arc::new(identity),
        dir,
        clock,
        budget: Budget::new(config.tuned.in_flight_bytes),
        metrics: (0..cores).map(|_| Arc::default()).collect(),
        log_metrics: (0..cores).map(|_| Arc::default()).collect(),
        stage_times: (0..cores).map(|_| Arc::default()).collect(),
        balancer: Balancer::new(cores, CONNECTIONS_MAX),
        seed: random()?,
        config: Arc::new(config),
    })
}

/// How the executors are set up, and where.
fn options(tuned: &Tuned) -> Result<Options, StartError> {
    let (cores, leave) = (usize::from(tuned.cores), usize::from(tuned.leave_cpus));
    let topology = Topology::read(Path::new("/"));
    // Cores spin for each other's mails; one alone has nobody to wait for.
    let spin = if cores > 1 { tuned.spin } else { Duration::ZERO };
    Ok(Options {
        cpus: placement::cpus(&topology, &cpus::allowed()?, cores, leave, tuned.placement),
        spin,
        ring_depth: tuned.ring_depth,
        io_memory: tuned.io_memory_bytes,
    })
}

/// What the disk's file system cannot do of what was asked for.
fn warn_of_buffered(tuned: &Tuned, storage: &Storage) {
    if storage.access == Access::Buffered && tuned.sync == Sync::Dsync {
        tracing::warn!(
            "the profile's sync = \"dsync\" needs O_DIRECT, which {} does not have here; \
             \"fdatasync\" is used",
            storage.filesystem.name
        );
    }
}

fn recover(config: &Config, dir: &LogDir, identity: &Identity) -> Result<Found, RunError> {
    let values = usize::try_from(config.tuned.memory_bytes).unwrap_or(usize::MAX);
    let found = recovery::recover(dir, identity.cluster, identity.member, identity.shards, values)?;
    tracing::info!(
        revision = found.restore.last.0,
        "compact-revision" = found.restore.compacted,
        leases = found.restore.leases.len(),
        "log-bytes" = found.disk_bytes,
        "recovered the data directory"
    );
    Ok(found)
}

fn assemble(
    config: &Config,
    identity: &Identity,
    found: Found,
) -> Result<Vec<CoreState>, RunError> {
    let new = (identity.shards, random()?);
    let (shards, seed) = found.genesis.unwrap_or(new);
    let log = LogConfig {
        segment_bytes: config.tuned.segment_bytes,
        max_write_bytes: config.tuned.batch_bytes,
        max_payload_bytes: config.limits.entry_bytes_max(),
        block_bytes: identity.block_bytes,
        ..LogConfig::new(
            identity.cluster,
            identity.member,
            found.generation,
            CoreId(0),
            random()? as u32,
        )
    };
    let member = MemberConfig {
        cluster: identity.cluster,
        member: identity.member,
        routing: Routing::new(shards, seed, config.tuned.cores),
        genesis: found.genesis.is_none().then_some(new),
        log,
        disk_bytes: found.disk_bytes,
    };
    Ok(member::cores(&member, found.restore)?)
}

/// Entropy from the kernel.
pub(crate) fn random() -> Result<u64, RunError> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(RunError::Entropy)?;
    Ok(u64::from_le_bytes(bytes))
}
