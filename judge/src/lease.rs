//! Leases: never early, gone in time, one with their keys.
//!
//! Times of one clock bound when a lease can have ended: not before the time of the last renewal's
//! request plus its time to live, and not long after the time of its answer plus that.

mod answers;
mod story;

use std::collections::BTreeSet;

use braid_core::api::{PutRequest, Request, Response, TxnRequest};
use braid_core::error::Error;

use crate::history::{History, Operation, Outcome};
use crate::verdict::{Check, Verdict};
use crate::wire::Clock;

pub(crate) use story::{Stories, Story};

/// Checks all leases.
pub fn check(history: &History, stories: &Stories, verdict: &mut Verdict) {
    answers::check(history, stories, verdict);
    for story in stories.all() {
        check_never_early(history, story, verdict);
        check_ends_in_time(history, story, verdict);
        check_stays_gone(story, verdict);
    }
    for operation in &history.operations {
        check_refusal(history, operation, stories, verdict);
    }
    for lease in stories.ambiguous() {
        verdict.leave(format!("lease {lease}: it was granted more than once"));
    }
    if history.head.clock == Clock::Client && stories.all().next().is_some() {
        verdict.leave("leases between clients: each has a clock of its own");
    }
}

fn check_never_early(history: &History, story: &Story, verdict: &mut Verdict) {
    for gone in &story.gone {
        verdict.examine(Check::LeaseNeverEarly);
        if story.was_revoked_before(gone.at.line) {
            continue;
        }
        let least = story.least_end(gone.at.line, &history.restarts);
        if gone.at.time < least {
            let early = least - gone.at.time;
            let how = format!("lease {} is gone {early} ns early, {}", story.lease, gone.how);
            verdict.violate(Check::LeaseNeverEarly, &[story.granted.line, gone.at.line], how);
        }
    }
}

/// A request that names several leases is only refused when one of them may be gone. (One that
/// names a single lease shows that this one is.)
fn check_refusal(
    history: &History,
    operation: &Operation,
    stories: &Stories,
    verdict: &mut Verdict,
) {
    let named = leases_named(&operation.request);
    if operation.outcome != Outcome::Refused(Error::LeaseNotFound) || named.len() == 1 {
        return;
    }
    verdict.examine(Check::LeaseNeverEarly);
    let lives =
        |lease: &i64| stories.get(*lease).is_some_and(|story| story.must_live(history, operation));
    if named.iter().all(lives) {
        let how = format!("all leases live, and one is refused: {operation:?}");
        let lines = [operation.called.line, operation.ended.line];
        verdict.violate(Check::LeaseNeverEarly, &lines, how);
    }
}

fn check_ends_in_time(history: &History, story: &Story, verdict: &mut Verdict) {
    let late = history.head.lease_late_ms * 1_000_000;
    for alive in &story.alive {
        verdict.examine(Check::LeaseEndsInTime);
        let latest = story.latest_end(alive.called, &history.restarts).saturating_add(late);
        if alive.called.time > latest {
            let over = alive.called.time - latest;
            let how = format!(
                "lease {} is there {over} ns after its time and {late} ns more, {}",
                story.lease, alive.how
            );
            verdict.violate(Check::LeaseEndsInTime, &[story.granted.line, alive.called.line], how);
        }
    }
}

/// What is gone does not come back. (That its keys are gone with it is part of the order of writes.)
fn check_stays_gone(story: &Story, verdict: &mut Verdict) {
    let Some(gone) = story.gone.iter().min_by_key(|gone| gone.at.line) else { return };
    verdict.examine(Check::LeaseAtomic);
    for alive in story.alive.iter().filter(|alive| alive.called.line > gone.at.line) {
        let check =
            if gone.by_keys || alive.by_keys { Check::LeaseAtomic } else { Check::LeaseAnswers };
        let how = format!("lease {} is gone, {}, and back, {}", story.lease, gone.how, alive.how);
        verdict.violate(check, &[gone.at.line, alive.called.line], how);
    }
}

/// The one lease that a request names, if it names just one.
fn lease_named(request: &Request) -> Option<i64> {
    let named = leases_named(request);
    (named.len() == 1).then(|| named.first().copied())?
}

/// The leases that a request names.
fn leases_named(request: &Request) -> BTreeSet<i64> {
    let mut named = BTreeSet::new();
    match request {
        Request::Txn(txn) => name_in_txn(txn, &mut named),
        Request::Put(PutRequest { lease, .. })
        | Request::LeaseRevoke { lease }
        | Request::LeaseKeepAlive { lease }
        | Request::LeaseTimeToLive { lease, .. } => drop(named.insert(lease.0)),
        _ => {}
    }
    named.remove(&0);
    named
}

fn name_in_txn(txn: &TxnRequest, named: &mut BTreeSet<i64>) {
    use braid_core::api::Operation::{Put, Txn};
    for operation in txn.success.iter().chain(&txn.failure) {
        match operation {
            Put(put) => drop(named.insert(put.lease.0)),
            Txn(inner) => name_in_txn(inner, named),
            _ => {}
        }
    }
}

/// Whether an operation may have been carried out.
fn may_have_happened(operation: &Operation) -> bool {
    !matches!(operation.outcome, Outcome::Refused(_))
}

/// Whether the answer to a request about a lease tells that it is there, if it tells anything.
fn tells(response: &Response) -> Option<bool> {
    match response {
        Response::LeaseKeepAlive { ttl, .. } => Some(*ttl > 0),
        Response::LeaseTimeToLive { ttl, .. } => Some(*ttl >= 0),
        _ => None,
    }
}
