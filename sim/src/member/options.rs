//! What a member is started with, drawn from a seed: ordinary settings and extreme ones.

use std::time::Duration;

use braid_core::limits::{Limits, PageLimits};
use braid_core::machine::CoreConfig;
use braid_core::watch::WatchConfig;

use super::clock::Clock;
use super::tempo::{Faults, Tempo};
use crate::model::random::Random;

/// Most operations of a transaction, in every member.
pub const MAX_TXN_OPS: usize = 5;

/// The most that the clock of a core gains or loses in a second: far more than an operating system
/// allows.
pub const DRIFT_PPM_MAX: i32 = 30_000;

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
    /// The clock of each core; one without an entry has an exact one.
    pub clocks: Vec<Clock>,
    /// Of what happens at one moment, the last comes first.
    pub newest_first: bool,
    /// The disk is as fast for every core as for any other.
    pub even: bool,
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
                limits: limits(random),
                max_txn_ops: MAX_TXN_OPS,
                min_lease_ttl: 2,
                // None, a few, all.
                value_bytes: random.pick(&[0, 0, 64, 1 << 20]),
                gathered_bytes: 64 << 20,
                watch: watch(random),
                seed: random.next_u64(),
            },
            mailbox_mails: random.pick(&[1, 2, 1024]),
            tempos: Vec::new(),
            clocks: Vec::new(),
            newest_first: random.one_in(4),
            even: false,
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
        self.clocks = (0..self.cores).map(|core| clock(core, random)).collect();
        self
    }
}

/// Some clocks run wrong. That of core 0, which keeps the time of leases, is late at most: a lease
/// lives for its time by that clock, so what an exact one shows tells whether any ends early.
fn clock(core: u16, random: &mut Random) -> Clock {
    let gain_ppm = random.pick(&[0, 0, -1, -500, -DRIFT_PPM_MAX, 500, DRIFT_PPM_MAX]);
    Clock { gain_ppm: if core == 0 { gain_ppm.min(0) } else { gain_ppm } }
}

/// Each bound by itself is what the server has, or the least that work can go on with, or little
/// more. None is so low that a client of a story would be refused.
fn limits(random: &mut Random) -> Limits {
    let usual = Limits {
        // More than the clients of any test have under way, and few enough that a mail too many in
        // a queue between cores shows.
        calls: 1000,
        event_mails: random.pick(&[1, 2, Limits::DEFAULT.event_mails]),
        ..Limits::default()
    };
    if random.one_in(2) {
        return usual;
    }
    let mut pick =
        |usual, tight: &[usize]| if random.one_in(2) { usual } else { random.pick(tight) };
    let write_bytes = pick(usual.write_bytes, &[1, 100, 1000]);
    let whole_answer_bytes = pick(usual.whole_answer_bytes, &[1, 100]);
    Limits {
        entry_bytes: pick(usual.entry_bytes, &[0, 1, 100]).min(write_bytes),
        write_bytes,
        evaluations_per_step: pick(usual.evaluations_per_step, &[1, 2, 10]),
        page: PageLimits {
            keys: pick(usual.page.keys, &[1, 2, 7]),
            bytes: pick(usual.page.bytes, &[1, 100]).min(whole_answer_bytes),
        },
        query_keys_per_step: pick(usual.query_keys_per_step, &[1, 20]),
        whole_answer_bytes,
        cold_reads: pick(usual.cold_reads, &[1, 2]),
        round_writes: pick(usual.round_writes, &[1, 2]),
        compaction_step: pick(usual.compaction_step, &[1, 3]),
        eviction_step: pick(usual.eviction_step, &[1, 3]),
        event_bytes: pick(usual.event_bytes, &[0, 1, 100]),
        // So many leases end in half a second, and the judge allows seconds for all of them.
        expiries: pick(usual.expiries, &[20, 50]),
        registrations: pick(usual.registrations, &[1, 2]),
        ..usual
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
