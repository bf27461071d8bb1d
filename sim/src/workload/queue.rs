//! Locks and elections as the server's lock and election services build them: keys in a queue, each
//! with a lease, and whoever is first holds the lock or leads.

use std::time::Duration;

use braid_core::api::{
    CompareTarget, DeleteRangeRequest, Operation, RangeRequest, Request, Response, TxnRequest,
    WatchCreate, WatchResponse,
};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use bytes::Bytes;

use super::request::{all, equal, get, put, read};
use super::{Known, Reader, Step, Workload};
use crate::failure::Verdict;
use crate::model::random::Random;

/// A lock, an election, and another lock.
const NAMES: [&str; 3] = ["lock/a/", "election/", "lock/b/"];
const TTLS: [i64; 3] = [2, 3, 5];
/// etcd's numbers: by create revision, the newest first, the oldest first.
const BY_CREATE: i32 = 2;
const DESCENDING: i32 = 2;
const ASCENDING: i32 = 1;

/// What a client does next about its place in the queue.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// It has no lease.
    Out,
    /// It has a lease and asks for a place.
    Joining,
    /// It looks for the key before its own, created at this revision.
    Queueing(u64),
    /// It begins to watch for the end of a key before its own, from a revision on.
    Watch {
        mine: u64,
        before: Bytes,
        from: u64,
    },
    /// It has heard nothing of that yet.
    Waiting(u64),
    /// Nobody is before it: is its own key still there?
    First(u64),
    /// It is about to say that it holds the lock.
    Won(u64),
    Holding(u64),
    /// It has heard that it does not hold the lock any more.
    Lost,
    /// It has said that it does not hold the lock any more, and gives its place up.
    Leaving,
}

pub(super) struct Queue {
    name: &'static str,
    lease: LeaseId,
    phase: Phase,
}

impl Queue {
    pub(super) fn new(seed: u64) -> Self {
        let name = NAMES[(seed % NAMES.len() as u64) as usize];
        Self { name, lease: LeaseId(0), phase: Phase::Out }
    }

    fn key(&self) -> Bytes {
        format!("{}{:x}", self.name, self.lease.0).into()
    }

    fn join(&self) -> Request {
        let key = self.key();
        let owner = RangeRequest {
            sort_target: BY_CREATE,
            sort_order: ASCENDING,
            limit: 1,
            ..all(self.name)
        };
        Request::Txn(TxnRequest {
            compare: vec![equal(&key, CompareTarget::Create(0))],
            success: vec![put(&key, "", self.lease), Operation::Range(owner.clone())],
            failure: vec![Operation::Range(get(&key)), Operation::Range(owner)],
        })
    }

    /// The last key that was created before its own.
    fn before(&self, mine: u64) -> Request {
        Request::Range(RangeRequest {
            sort_target: BY_CREATE,
            sort_order: DESCENDING,
            limit: 1,
            max_create_revision: mine as i64 - 1,
            ..all(self.name)
        })
    }

    /// Whoever leads says something new, if it still does.
    fn proclaim(&self, mine: u64, value: u64) -> Request {
        let key = self.key();
        Request::Txn(TxnRequest {
            compare: vec![equal(&key, CompareTarget::Create(mine as i64))],
            success: vec![put(&key, value.to_string(), self.lease)],
            failure: vec![Operation::Range(get(&key))],
        })
    }

    fn hold(&mut self, mine: u64, random: &mut Random) -> Step {
        match random.below(8) {
            0..=1 => {
                self.phase = Phase::Leaving;
                Step::Release(self.name)
            }
            2..=3 => Step::Call(self.proclaim(mine, random.below(100))),
            4..=5 => Step::Call(Request::LeaseKeepAlive { lease: self.lease }),
            _ => Step::Pause(Duration::from_millis(random.pick(&[1, 300, 1500, 4000]))),
        }
    }

    /// By its key's end, or by the end of its lease. It never comes back with the same lease: what
    /// it has sent may still be under way.
    fn leave(&mut self, random: &mut Random) -> Step {
        self.phase = Phase::Out;
        let lease = self.lease;
        let key = self.key();
        Step::Call(match random.below(3) {
            0 => Request::LeaseRevoke { lease },
            _ => Request::DeleteRange(DeleteRangeRequest { key, ..Default::default() }),
        })
    }

    fn joined(&mut self, answer: &Response) {
        let Response::Txn(txn) = answer else { return };
        let created = |at: usize| {
            let kv = read(answer, at)?.kvs.iter().next()?;
            Some(kv.meta.create_revision.0)
        };
        let mine = if txn.succeeded { Some(txn.revision.0) } else { created(0) };
        self.phase = match (mine, created(1)) {
            (None, _) => Phase::Out,
            (Some(mine), Some(first)) if first != mine => Phase::Queueing(mine),
            (Some(mine), _) => Phase::Won(mine),
        };
    }

    fn seen_before(&mut self, mine: u64, answer: &Response) {
        let Some(range) = read(answer, 0) else { return };
        self.phase = match range.kvs.iter().next() {
            None => Phase::First(mine),
            Some(kv) => {
                let before = Bytes::copy_from_slice(kv.key);
                Phase::Watch { mine, before, from: range.revision.0 + 1 }
            }
        };
    }

    fn seen_own(&mut self, mine: u64, answer: &Response) {
        let own = read(answer, 0).and_then(|range| range.kvs.iter().next());
        let there = own.is_some_and(|kv| kv.meta.create_revision.0 == mine);
        self.phase = if there { Phase::Won(mine) } else { Phase::Out };
    }

    /// Whether an answer tells a holder that it is one no more.
    fn has_lost(&self, answer: &Result<Response, Error>) -> bool {
        match answer {
            Ok(Response::LeaseKeepAlive { ttl, .. }) => *ttl <= 0,
            Ok(Response::Txn(txn)) => !txn.succeeded,
            Ok(_) => false,
            Err(_) => true,
        }
    }
}

impl Workload for Queue {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        match self.phase.clone() {
            Phase::Out => {
                self.lease = known.new_lease();
                self.phase = Phase::Joining;
                Step::Call(Request::LeaseGrant { lease: self.lease, ttl: random.pick(&TTLS) })
            }
            Phase::Joining => Step::Call(self.join()),
            Phase::Queueing(mine) => Step::Call(self.before(mine)),
            Phase::Watch { mine, before, from } => {
                self.phase = Phase::Waiting(mine);
                let start_revision = from as i64;
                let create =
                    WatchCreate { key: before, start_revision, no_put: true, ..Default::default() };
                Step::Watch(vec![create], Reader::Eager)
            }
            Phase::Waiting(_) if random.one_in(3) => {
                Step::Call(Request::LeaseKeepAlive { lease: self.lease })
            }
            Phase::Waiting(_) => Step::Pause(Duration::from_millis(random.pick(&[1, 50, 700]))),
            Phase::First(_) => Step::Call(Request::Range(get(&self.key()))),
            Phase::Won(mine) => {
                self.phase = Phase::Holding(mine);
                Step::Hold(self.name, self.lease)
            }
            Phase::Holding(mine) => self.hold(mine, random),
            Phase::Lost => {
                self.phase = Phase::Out;
                Step::Release(self.name)
            }
            Phase::Leaving => self.leave(random),
        }
    }

    fn answered(
        &mut self,
        request: &Request,
        answer: &Result<Response, Error>,
        _: &mut Known,
    ) -> Verdict {
        match (&self.phase, request, answer) {
            (Phase::Joining, Request::Txn(_), Ok(answer)) => self.joined(answer),
            (Phase::Joining, Request::Txn(_), Err(_)) => self.phase = Phase::Out,
            (Phase::Queueing(mine), Request::Range(_), Ok(answer)) => {
                self.seen_before(*mine, answer);
            }
            (Phase::First(mine), Request::Range(_), Ok(answer)) => self.seen_own(*mine, answer),
            (Phase::Holding(_), _, answer) if self.has_lost(answer) => self.phase = Phase::Lost,
            _ => {}
        }
        Ok(())
    }

    /// The key before its own has gone, or its watcher has.
    fn told(&mut self, response: &WatchResponse) -> Verdict {
        if let Phase::Waiting(mine) = self.phase
            && (response.canceled || !response.events.is_empty())
        {
            self.phase = Phase::Queueing(mine);
        }
        Ok(())
    }
}
