//! What a member is started with, drawn from a seed: ordinary settings and extreme ones.

use std::time::Duration;

use braid_core::limits::EVENT_MAILS_MAX;
use braid_core::machine::CoreConfig;
use braid_core::watch::WatchConfig;

use super::tempo::{Faults, Tempo};
use crate::model::random::Random;

/// Most operations of a transaction, in every member.
pub const MAX_TXN_OPS: usize = 5;

/// Settings of a simulated member.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cores of this start.
    pub cores: u16,
    /// Shards, if the cluster is new.
    pub shards: u16,
    /// Seed of the map of keys, if the cluster is new.
    pub hash_seed: u64,
    /// Bytes of a segment; half of it is the largest write.
    pub segment_bytes: u32,
    /// Bytes of a block.
    pub block_bytes: u32,
    /// The engine's settings.
    pub core: CoreConfig,
    /// Mails that a mailbox between two cores holds.
    pub mailbox_mails: usize,
    /// How each core is treated; one without an entry as usual.
    pub tempos: Vec<Tempo>,
    /// Of what happens at one moment, the last comes first.
    pub newest_first: bool,
    /// What the disk does.
    pub faults: Faults,
}

impl Options {
    /// Draws settings.
    pub fn draw(random: &mut Random) -> Self {
        Self {
            cores: random.between(1, 5) as u16,
            shards: random.pick(&[1, 2, 3, 5, 8, 13]),
            hash_seed: random.next_u64(),
            segment_bytes: random.pick(&[64 << 10, 128 << 10, 1 << 20]),
            block_bytes: random.pick(&[512, 4096]),
            core: CoreConfig {
                // More than the clients of any test have under way.
                calls: 1000,
                max_txn_ops: MAX_TXN_OPS,
                min_lease_ttl: 2,
                // None, a few, all.
                value_bytes: random.pick(&[0, 0, 64, 1 << 20]),
                gathered_bytes: 64 << 20,
                collected_bytes: 64 << 20,
                event_mails: random.pick(&[1, 2, EVENT_MAILS_MAX]),
                watch: watch(random),
                seed: random.next_u64(),
            },
            mailbox_mails: random.pick(&[1, 2, 1024]),
            tempos: Vec::new(),
            newest_first: random.one_in(4),
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The same under an unkind operating system.
    #[must_use]
    pub fn disturbed(mut self, random: &mut Random) -> Self {
        let tempos = [Tempo::Usual, Tempo::Usual, Tempo::Starved, Tempo::Fits];
        self.tempos = (0..self.cores).map(|_| random.pick(&tempos)).collect();
        self
    }
}

fn watch(random: &mut Random) -> WatchConfig {
    if random.one_in(2) {
        return WatchConfig::default();
    }
    WatchConfig {
        stream_bytes: random.pick(&[1, 200, 1000]),
        hub_bytes: random.pick(&[1, 1000, 1 << 20]),
        response_bytes: random.pick(&[1, 300]),
        live_bytes: random.pick(&[1, 500, 1 << 20]),
        recent_bytes: random.pick(&[0, 500, 1 << 20]),
        queries: random.pick(&[1, 2]),
        query_events: random.pick(&[1, 2, 10]),
        work_per_step: random.pick(&[1, 5, 1024]),
        progress_interval: Duration::from_millis(random.pick(&[20, 300, 600_000])),
        ..WatchConfig::default()
    }
}
