//! What a core is made of.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use braid_raft::Group;
use braid_storage::ids::{CoreId, Epoch, LeaseId, Revision};
use braid_storage::log::Log;
use braid_storage::payload::Encoder;

use super::control::Control;
use super::shards::Shards;
use super::startup::Startup;
use super::{Base, Core};
use crate::cells::Cells;
use crate::lessor::Lessor;
use crate::limits::Limits;
use crate::routing::Routing;
use crate::sequencer::Sequencer;
use crate::shard::Shard;
use crate::watch::{WatchConfig, WatchHub};

/// Settings of a core.
#[derive(Clone, Debug)]
pub struct CoreConfig {
    /// The bounds that it works within.
    pub limits: Limits,
    /// Most operations of a transaction.
    pub max_txn_ops: usize,
    /// Shortest time to live of a lease, in seconds.
    pub min_lease_ttl: i64,
    /// Bytes of values that the core keeps in memory.
    pub value_bytes: usize,
    /// Bytes that answers which cannot be streamed (those with filters or an order of their own)
    /// may gather on the core, all together; in the end one takes three times its bytes.
    pub gathered_bytes: usize,
    /// Bounds of the watches.
    pub watch: WatchConfig,
    /// Where ids and jitter come from.
    pub seed: u64,
}

/// What a core starts with.
pub struct CoreState {
    /// Its number.
    pub id: CoreId,
    /// The maps.
    pub routing: Routing,
    /// The cells of the member.
    pub cells: Arc<Cells>,
    /// Its log.
    pub log: Log,
    /// Its shards.
    pub shards: Vec<Shard>,
    /// The leases that live, with their times to live.
    pub leases: Vec<(LeaseId, i64)>,
    /// The last compacted revision; -1 when there was none.
    pub compacted: i64,
    /// Bytes of earlier segments that this core accounts for.
    pub disk_bytes: u64,
    /// The end of history.
    pub last: Revision,
    /// On core 0: the control group, and what the next reign builds on.
    pub control: Option<(Group, Base)>,
}

impl Core {
    /// A core as recovery found it.
    ///
    /// # Panics
    /// When the limits do not go together.
    #[must_use]
    pub fn new(config: CoreConfig, state: CoreState) -> Self {
        assert!(config.limits.fit(), "limits that do not go together: {:?}", config.limits);
        let CoreState { id, routing, cells, log, shards, leases, compacted, .. } = state;
        let CoreState { disk_bytes, last, control, .. } = state;
        let base = control.as_ref().map(|(_, base)| base.clone()).unwrap_or_default();
        let lessor = Lessor::new(config.min_lease_ttl, &leases, config.seed);
        Self {
            id,
            routing,
            now: Duration::ZERO,
            sequencer: Sequencer::new(cells, id),
            shards: Shards::new(routing, shards),
            log,
            encoder: Encoder::new(),
            epoch: Epoch(0),
            applied: last,
            observed: last,
            observing: last,
            calls: 0,
            writes: Default::default(),
            waiters: Default::default(),
            fetches: Default::default(),
            reads: Default::default(),
            gate: Default::default(),
            queries: Default::default(),
            leases: super::KnownLeases::new(leases.iter().map(|(lease, _)| *lease)),
            compaction: super::compaction::Compaction::new(compacted),
            updates: Default::default(),
            startup: Startup::new(base),
            control: control.map(|(group, _)| Control::new(group, lessor)),
            hub: WatchHub::new(config.watch, config.seed, last),
            watches: Default::default(),
            events: super::events::Events::new(routing.cores()),
            own_mail: VecDeque::new(),
            out: VecDeque::new(),
            disk_bytes,
            out_of_space: false,
            times: Default::default(),
            stopwatch: Default::default(),
            config,
        }
    }
}
