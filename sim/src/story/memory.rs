//! What outlives a crash of the member: what clients know, and what was written down for the judge.

use std::collections::BTreeSet;
use std::time::Duration;

use braid_core::api::{Request, Response, WatchResponse};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use braid_judge::order::revision;
use braid_judge::record::Recorder;
use braid_judge::wire::{Clock, Head, Line, VERSION};

use crate::member::MAX_TXN_OPS;
use crate::workload::Known;

/// How late the end of a lease may be: the lessor's interval and slow disks.
pub(super) const LEASE_LATE: Duration = Duration::from_secs(10);

/// The numbers of clients that hold locks lie above this one.
const HOLDERS: u64 = 1_000_000;

/// What is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) known: Known,
    pub(super) recorder: Recorder,
    /// The last number of a call or watcher in the history.
    last: u64,
    /// Who holds which lock.
    holds: BTreeSet<(u64, &'static str)>,
    /// When the last lease must be over, but for the time that its end takes.
    pub(super) leases_over: Duration,
    /// The longest time that a lease lives.
    lease_time_max: Duration,
}

impl Memory {
    pub(super) fn new() -> Self {
        let head = Head {
            version: VERSION,
            clock: Clock::One,
            max_txn_ops: MAX_TXN_OPS,
            lease_late_ms: LEASE_LATE.as_millis() as u64,
            one_member: true,
        };
        Self {
            known: Known::new(),
            recorder: Recorder::new(head),
            last: 0,
            holds: BTreeSet::new(),
            leases_over: Duration::ZERO,
            lease_time_max: Duration::ZERO,
        }
    }

    /// All that was written down.
    pub(super) fn finish(self) -> Vec<Line> {
        self.recorder.finish()
    }

    /// A number that nothing in the history has.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A number for a client that holds locks, which no other client of the story has.
    pub(super) fn holder(&mut self) -> u64 {
        HOLDERS + self.number()
    }

    pub(super) fn hold(&mut self, holder: u64, lock: &'static str, lease: LeaseId) {
        self.holds.insert((holder, lock));
        self.recorder.hold(holder, lock, lease, self.time());
    }

    pub(super) fn release(&mut self, holder: u64, lock: &'static str) {
        if self.holds.remove(&(holder, lock)) {
            self.recorder.release(holder, lock, self.time());
        }
    }

    /// Nobody holds anything any more, however long the leases live.
    pub(super) fn release_all(&mut self) {
        for (holder, lock) in std::mem::take(&mut self.holds) {
            self.recorder.release(holder, lock, self.time());
        }
    }

    /// The time as the history tells it, in nanoseconds.
    pub(super) fn time(&self) -> u64 {
        self.known.now.as_nanos() as u64
    }

    /// The member serves again, having crashed at `crashed`: so long do leases live on.
    pub(super) fn restarted(&mut self, crashed: Duration) {
        self.recorder.restart(self.time(), Some(crashed.as_nanos() as u64));
        self.leases_over = self.leases_over.max(self.known.now + self.lease_time_max);
    }

    pub(super) fn sent(&mut self, request: &Request) {
        match request {
            Request::Compact(compact) => {
                self.known.compaction = self.known.compaction.max(compact.revision);
            }
            Request::LeaseGrant { ttl, .. } => {
                let time = Duration::from_secs((*ttl).max(0) as u64);
                self.lease_time_max = self.lease_time_max.max(time);
            }
            _ => {}
        }
    }

    pub(super) fn answered(&mut self, request: &Request, answer: &Result<Response, Error>) {
        self.known.revision = self.known.revision.max(answer.as_ref().map_or(0, revision));
        match (request, answer) {
            (Request::Compact(compact), Ok(_)) => {
                self.known.compacted = self.known.compacted.max(compact.revision);
            }
            (Request::Put(put), Err(Error::LeaseNotFound)) => {
                self.known.leases.retain(|lease| *lease != put.lease);
            }
            (_, Ok(Response::LeaseGrant { ttl, .. } | Response::LeaseKeepAlive { ttl, .. })) => {
                let time = Duration::from_secs((*ttl).max(0) as u64);
                self.lease_time_max = self.lease_time_max.max(time);
                self.leases_over = self.leases_over.max(self.known.now + time);
            }
            _ => {}
        }
    }

    /// The observer was told something.
    pub(super) fn observed(&mut self, response: &WatchResponse) {
        let last = response.events.last().map_or(0, |event| event.kv.mod_revision.0);
        self.known.observed = self.known.observed.max(last);
    }
}
