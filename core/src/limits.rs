//! Every bound of the engine in one place, with the relations between them.

/// Most bytes of one raft entry's payload; a longer record spans several entries.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;

/// Most payload bytes of one group-commit write. What arrives beyond it waits for the next write.
pub const WRITE_BYTES_MAX: usize = 4 << 20;

/// Writes, or operations of them, evaluated before the core looks after its connections again (about half a millisecond).
pub const EVALUATIONS_PER_STEP: usize = 256;

/// Keys that one page of a range holds at most: merged from many shards in less than half a
/// millisecond.
pub const PAGE_KEYS_MAX: usize = 1024;

/// Keys that are looked at in one step to answer other cores; more waits for the next step.
pub const QUERY_KEYS_PER_STEP: usize = 1024;

/// Bytes of keys and values that one page of a range holds at most (one pair may exceed it).
pub const PAGE_BYTES_MAX: usize = 256 << 10;

/// An answer up to this many bytes is built whole; a larger one is measured and streamed.
pub const WHOLE_ANSWER_BYTES_MAX: usize = 1 << 20;

/// Reads of cold values that one core has under way at once.
pub const COLD_READS_MAX: usize = 128;

/// Transactions that one closing of the gates serves at most.
pub const ROUND_WRITES_MAX: usize = 512;

/// Bytes of keys and values that one request which spans cores may have one core tell another.
/// They are held until it is evaluated; without values, about 800,000 keys.
pub const COLLECTED_BYTES_MAX: usize = 128 << 20;

/// Versions that one step of compaction touches.
pub const COMPACTION_STEP: usize = 1000;

/// Entries of the eviction hand's way per applied batch.
pub const EVICTION_STEP: usize = 256;

/// Longest time to live of a lease, in seconds, as in etcd.
pub const LEASE_TTL_MAX: i64 = 9_000_000_000;

/// Leases that are revoked because they expired, per second, as in etcd.
pub const EXPIRIES_PER_SECOND: usize = 1000;

/// Bytes of events on their way to one core; beyond it, that core's watchers read history.
pub const EVENT_BYTES_IN_FLIGHT_MAX: usize = 4 << 20;

/// Mails with events on their way to one core; beyond it, that core's watchers read history.
pub const EVENT_MAILS_MAX: usize = 256;

/// Mails about lost events on their way to one core: each reaches twice as far ahead of history as
/// the one before, and revisions have 64 bits.
const LOST_MAILS_MAX: usize = 64;

/// Calls of one core's front-ends under way at once.
pub const CALLS_MAX: usize = 1 << 16;

/// Expired leases whose ends are under way.
pub const EXPIRIES_UNDER_WAY_MAX: usize = 1000;

/// Registrations of watched intervals under way from one core.
pub const REGISTRATIONS_MAX: usize = 1000;

/// Mails of the start of a reign and of a round, both ways.
const ROUND_MAILS: usize = 16;

/// The most mails from one core that can wait for one other: one for each call on either side,
/// for each change of control state (calls of all cores, expiries), one for each watched interval
/// that is given up, and what else is under way, asked and answered.
#[must_use]
pub const fn mails_in_flight_max(
    cores: usize,
    calls: usize,
    event_mails: usize,
    watchers: usize,
    history_queries: usize,
) -> usize {
    let updates = cores * calls + EXPIRIES_UNDER_WAY_MAX;
    let events = event_mails + LOST_MAILS_MAX;
    let watches = watchers + REGISTRATIONS_MAX + history_queries;
    2 * (calls + updates + events + watches) + ROUND_MAILS
}

const _: () = assert!(ENTRY_BYTES_MAX <= WRITE_BYTES_MAX);
const _: () = assert!(PAGE_BYTES_MAX <= WHOLE_ANSWER_BYTES_MAX);
