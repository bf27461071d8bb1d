//! Every bound of the engine in one place, with the relations between them.
//!
//! What etcd's clients can see is constant. Everything else is in [`Limits`], so that the simulator
//! can run the engine with extreme values: what holds there does not hang on a number.

/// Longest time to live of a lease, in seconds, as in etcd.
pub const LEASE_TTL_MAX: i64 = 9_000_000_000;

/// Leases that are revoked because they expired, per second, as in etcd.
pub const EXPIRIES_PER_SECOND: usize = 1000;

/// Mails about lost events on their way to one core: each reaches twice as far ahead of history as
/// the one before, and revisions have 64 bits.
const LOST_MAILS_MAX: usize = 64;

/// Mails of the start of a reign and of a round, both ways.
const ROUND_MAILS: usize = 16;

/// The bounds that one core works within. The default is what the server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls of the core's front-ends that may be under way at once, scans between two chunks
    /// included; more are refused.
    pub calls: usize,
    /// Most bytes of one raft entry's payload, but for a single larger change; a longer record
    /// spans several entries.
    pub entry_bytes: usize,
    /// Most payload bytes of one group-commit write, but for the last write in it. What arrives
    /// beyond it waits for the next one.
    pub write_bytes: usize,
    /// Writes, or operations of them, evaluated before the core looks after its connections again
    /// (about half a millisecond).
    pub evaluations_per_step: usize,
    /// One page of a range.
    pub page: PageLimits,
    /// Keys that are looked at in one step to answer other cores; more waits for the next step.
    pub query_keys_per_step: usize,
    /// An answer up to this many bytes is built whole; a larger one is measured and streamed.
    pub whole_answer_bytes: usize,
    /// Reads of cold values that one core has under way at once.
    pub cold_reads: usize,
    /// Transactions that one closing of the gates serves at most.
    pub round_writes: usize,
    /// Bytes of keys and values that one request which spans cores may have one core tell another.
    /// They are held until it is evaluated; without values, the default is about 800,000 keys.
    pub collected_bytes: usize,
    /// Versions of a shard that one step of compaction touches.
    pub compaction_step: usize,
    /// Entries of the eviction hand's way per applied batch.
    pub eviction_step: usize,
    /// Bytes of events on their way to one core; beyond it, that core's watchers read history.
    pub event_bytes: usize,
    /// Mails with events on their way to one core; beyond it, that core's watchers read history.
    pub event_mails: usize,
    /// Expired leases whose ends are under way.
    pub expiries: usize,
    /// Registrations of watched intervals under way from one core.
    pub registrations: usize,
}

/// The bounds of what one core answers in one piece when it is asked for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Keys: merged from many shards in less than half a millisecond.
    pub keys: usize,
    /// Bytes of keys and values; the last pair may exceed it.
    pub bytes: usize,
}

impl Limits {
    /// What the server runs with.
    pub const DEFAULT: Self = Self {
        calls: 1 << 16,
        entry_bytes: 1 << 20,
        write_bytes: 4 << 20,
        evaluations_per_step: 256,
        page: PageLimits { keys: 1024, bytes: 256 << 10 },
        query_keys_per_step: 1024,
        whole_answer_bytes: 1 << 20,
        cold_reads: 128,
        round_writes: 512,
        collected_bytes: 128 << 20,
        compaction_step: 1000,
        eviction_step: 256,
        event_bytes: 4 << 20,
        event_mails: 256,
        expiries: 1000,
        registrations: 1000,
    };

    /// Whether the bounds go together: work goes on with the least of each, and no part is larger
    /// than the whole.
    #[must_use]
    pub const fn fit(&self) -> bool {
        let steps = self.evaluations_per_step > 0
            && self.query_keys_per_step > 0
            && self.compaction_step > 0
            && self.eviction_step > 0;
        let queues = self.calls > 0
            && self.cold_reads > 0
            && self.round_writes > 0
            && self.expiries > 0
            && self.registrations > 0;
        steps
            && queues
            && self.page.keys > 0
            && self.page.bytes > 0
            && self.write_bytes > 0
            && self.entry_bytes <= self.write_bytes
            && self.page.bytes <= self.whole_answer_bytes
    }

    /// The most mails with events, or about lost ones, that can be on their way to one core.
    #[must_use]
    pub const fn event_mails_in_flight(&self) -> usize {
        self.event_mails + LOST_MAILS_MAX
    }

    /// The most mails from one core that can wait for one other: one for each call on either side,
    /// for each change of control state (calls of all cores, expiries), one for each watched
    /// interval that is given up, and what else is under way, asked and answered.
    #[must_use]
    pub const fn mails_in_flight(
        &self,
        cores: usize,
        watchers: usize,
        history_queries: usize,
    ) -> usize {
        let updates = cores * self.calls + self.expiries;
        let events = self.event_mails_in_flight();
        let watches = watchers + self.registrations + history_queries;
        2 * (self.calls + updates + events + watches) + ROUND_MAILS
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const _: () = assert!(Limits::DEFAULT.fit());
