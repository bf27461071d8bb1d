//! One core's share of the server: its machine, its connections, and on core 0 what there is only
//! one of.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use braid_core::ids::CoreId;
use braid_core::limits::Limits as CoreLimits;
use braid_core::machine::mail::Mail;
use braid_core::machine::{Core, CoreConfig, CoreState};
use braid_core::port::Port;
use braid_core::stages::StageTimes;
use braid_core::watch::WatchConfig;
use braid_net::budget::{Budget, CoreBudget};
use braid_net::limits::{GRPC_OVERHEAD_BYTES, Limits};
use braid_net::metrics::Metrics;
use braid_net::shutdown::Shutdown;
use braid_net::timer::{LocalBoxFuture, Timer, either};
use braid_net::{FrontEnd, identity};
use braid_runtime::clock::{self, Clock};
use braid_runtime::executors::{Turns, spawn};
use braid_runtime::fatal::{Exit, fatal};
use braid_runtime::files::{LogDir, LogWriter, SegmentReader, SyncMethod, UnsyncedJournal};
use braid_runtime::log_metrics::LogMetrics;
use braid_runtime::mailbox::CoreEnd;
use braid_runtime::pump::{Files, Listener, Pump};
use braid_runtime::signals::Termination;
use braid_runtime::sockets::{Balancer, Connection, Router};
use braid_storage::member::Identity;
use braid_tuning::profile::Sync;

use crate::config::Config;
use crate::listeners::{self, Listeners};
use crate::{compactor, metrics, notify, slow_calls};

/// Beside the values in memory, this part of their budget is for answers that cannot be streamed.
const GATHERED_SHARE: usize = 4;
/// But never less than it takes to sort a few large values.
const GATHERED_BYTES_MIN: usize = 4 << 20;
/// How long requests in flight may take to finish after the order to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the log may take to come to rest then: a moment, unless the disk hangs.
const REST: Duration = Duration::from_secs(2);
/// How often a stopping core looks whether that is so.
const DRAIN_LOOK: Duration = Duration::from_millis(5);

/// What all cores know.
#[derive(Clone)]
pub struct Shared {
    /// The configuration.
    pub config: Arc<Config>,
    /// Whose the data directory is.
    pub identity: Arc<Identity>,
    /// The log's folder.
    pub dir: LogDir,
    /// The one clock.
    pub clock: Clock,
    /// Bytes in flight, over all cores.
    pub budget: Arc<Budget>,
    /// Counters by core.
    pub metrics: Arc<[Arc<Metrics>]>,
    /// The logs' counters by core.
    pub log_metrics: Arc<[Arc<LogMetrics>]>,
    /// Where the time goes, by core.
    pub stage_times: Arc<[Arc<StageTimes>]>,
    /// Connections by core.
    pub balancer: Balancer,
    /// Where jitter and ids come from.
    pub seed: u64,
}

/// What one core is given.
pub struct CoreParts {
    /// Its machine's state.
    pub state: CoreState,
    /// Its mailboxes.
    pub mailboxes: CoreEnd<Mail>,
    /// Where its connections come from.
    pub connections: CoreEnd<Connection>,
    /// Rings when the server stops.
    pub stop: CoreEnd<()>,
    /// On core 0: the listening sockets.
    pub listeners: Listeners,
}

/// Runs one core until the server stops.
pub async fn serve(shared: Shared, parts: CoreParts) {
    let CoreParts { state, mailboxes, connections, mut stop, listeners } = parts;
    let core = state.id;
    let port = Port::default();
    let shutdown = Shutdown::default();
    let front = Rc::new(front_end(&shared, core, &port, shutdown.clone()));
    let router = Rc::new(Router::new(connections, {
        let front = front.clone();
        move |connection| listeners::open(connection, front.clone())
    }));
    let listener = member_listener(shared.clone(), &front, router.clone(), listeners);
    let machine = Core::new(core_config(&shared, core), state);
    let files = files(&shared, core);
    let times = shared.stage_times[usize::from(core.0)].clone();
    let pump = Pump::new(machine, shared.clock, mailboxes, port, files, listener, times);
    let at_rest = pump.at_rest();
    spawn(pump.run());
    if core == CoreId(0) {
        spawn(end_on_signal(stop.bells(), shared.metrics.len() as u16));
    }
    either(router.receive(), stop.wait()).await;
    shutdown.begin();
    // Connections finish what is in flight; all cores go on until the last one has.
    until(&shared, DRAIN, || shared.balancer.open() == 0).await;
    until(&shared, REST, || at_rest.get()).await;
}

/// Waits until `is_so`, but not longer than this.
async fn until(shared: &Shared, limit: Duration, is_so: impl Fn() -> bool) {
    let deadline = shared.clock.now() + limit;
    while !is_so() && shared.clock.now() < deadline {
        clock::sleep(DRAIN_LOOK).await;
    }
}

fn member_listener(
    shared: Shared,
    front: &Rc<FrontEnd>,
    router: Rc<Router>,
    listeners: Listeners,
) -> Listener {
    let (of_reign, of_serving) = (front.clone(), front.clone());
    let listeners = RefCell::new(listeners);
    Listener {
        on_reign: Box::new(move |term| of_reign.identity.raft_term.set(term)),
        on_serving: Box::new(move || begin(&shared, &of_serving, &router, listeners.take())),
    }
}

/// What core 0 does once the member serves.
fn begin(shared: &Shared, front: &Rc<FrontEnd>, router: &Rc<Router>, listeners: Listeners) {
    listeners.serve(front, router, &shared.balancer);
    spawn(compactor::run(front.port.clone(), shared.config.auto_compaction));
    for address in &shared.config.client_addresses {
        tracing::info!(%address, "ready to serve client requests");
    }
    // Without a service manager there is nobody to notify.
    let _ = notify::ready();
}

async fn end_on_signal(bells: braid_runtime::mailbox::Bells, cores: u16) {
    let signal = match Termination::new() {
        Ok(termination) => termination.wait().await,
        Err(error) => Err(error),
    };
    match signal {
        Ok(name) => tracing::info!("{name}: finishing what is in flight, then stopping"),
        Err(error) => fatal(Exit::System, format_args!("signals cannot be received: {error}")),
    }
    for core in (0..cores).map(CoreId) {
        bells.wake(core);
    }
}

fn core_config(shared: &Shared, core: CoreId) -> CoreConfig {
    let Config { limits, tuned, .. } = &*shared.config;
    let cores = usize::from(tuned.cores.max(1));
    let value_bytes = usize::try_from(tuned.memory_bytes).unwrap_or(usize::MAX) / cores;
    let fragment_bytes = limits.request_bytes_max as usize + GRPC_OVERHEAD_BYTES;
    CoreConfig {
        limits: CoreLimits::default(),
        max_txn_ops: usize::try_from(limits.txn_ops_max).unwrap_or(usize::MAX),
        min_lease_ttl: shared.config.lease_ttl_min,
        value_bytes,
        gathered_bytes: (value_bytes / GATHERED_SHARE).max(GATHERED_BYTES_MIN),
        watch: WatchConfig {
            fragment_bytes,
            progress_interval: shared.config.watch_progress_interval,
            ..WatchConfig::default()
        },
        seed: shared.seed.wrapping_add(u64::from(core.0)),
    }
}

fn files(shared: &Shared, core: CoreId) -> Files {
    let method = match shared.config.tuned.sync {
        Sync::Fdatasync => SyncMethod::Fdatasync,
        Sync::Dsync => SyncMethod::Dsync,
    };
    let journal = UnsyncedJournal::from_environment(core);
    let journal = journal.unwrap_or_else(|error| fatal(Exit::System, error));
    let writer = LogWriter::new(shared.dir.clone(), method, journal);
    Files {
        dir: shared.dir.clone(),
        writer: writer.unwrap_or_else(|error| fatal(Exit::System, error)),
        reader: SegmentReader::new(shared.dir.clone(), shared.config.tuned.reads_in_flight),
        metrics: shared.log_metrics[usize::from(core.0)].clone(),
    }
}

fn front_end(shared: &Shared, core: CoreId, port: &Port, shutdown: Shutdown) -> FrontEnd {
    let config = &shared.config;
    let turns = Turns::new().unwrap_or_else(|error| fatal(Exit::System, error));
    let (logs, times) = (shared.log_metrics.clone(), shared.stage_times.clone());
    FrontEnd {
        port: port.clone(),
        identity: Rc::new(identity::Identity {
            cluster_id: shared.identity.cluster.0,
            member_id: shared.identity.member.0,
            name: config.member.name.clone(),
            peer_urls: config.member.peer_urls.clone(),
            client_urls: config.member.client_urls.clone(),
            quota_bytes: config.limits.quota_bytes,
            ..identity::Identity::default()
        }),
        limits: limits(config),
        budget: CoreBudget::new(shared.budget.clone()),
        timer: Rc::new(CoreTimer(shared.clock)),
        spawner: Rc::new(spawn),
        give_way: Rc::new(move |task| turns.give_way(task)),
        slow_calls: slow_calls::sink(config.slow_calls, shared.clock),
        metrics: shared.metrics[usize::from(core.0)].clone(),
        all_metrics: shared.metrics.to_vec(),
        more_metrics: Rc::new(move |exposition| metrics::append(&logs, &times, exposition)),
        stopwatch: shared.clock.stopwatch(shared.stage_times[usize::from(core.0)].clone()),
        shutdown,
    }
}

fn limits(config: &Config) -> Limits {
    let defaults = Limits::default();
    Limits {
        max_request_bytes: config.limits.request_bytes_max as usize,
        max_txn_ops: usize::try_from(config.limits.txn_ops_max).unwrap_or(usize::MAX),
        max_concurrent_streams: config.limits.concurrent_streams_max,
        keepalive_min_time: config.keepalive.min_time,
        keepalive_interval: config.keepalive.interval.unwrap_or(Duration::ZERO),
        keepalive_timeout: config.keepalive.timeout.unwrap_or(defaults.keepalive_timeout),
        ..defaults
    }
}

/// The front-end's clock.
struct CoreTimer(Clock);

impl Timer for CoreTimer {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture {
        Box::pin(clock::sleep(duration))
    }
}
