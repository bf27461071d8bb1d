//! Leases: never early, gone in time, one with their keys.
//!
//! Times of one clock bound when a lease can have ended: not before the time of the last renewal's
//! request plus its time to live, and not long after the time of its answer plus that.

mod answers;
mod story;

use braid_core::api::{Request, Response};

use crate::history::{History, Operation, Outcome};
use crate::verdict::{Check, Verdict};
use crate::wire::Clock;

pub(crate) use story::{Stories, Story};

/// Checks all leases.
pub fn check(history: &History, stories: &Stories, verdict: &mut Verdict) {
    answers::check(history, stories, verdict);
    for story in stories.all() {
        check_never_early(story, verdict);
        check_ends_in_time(history, story, verdict);
        check_stays_gone(story, verdict);
    }
    for lease in stories.ambiguous() {
        verdict.leave(format!("lease {lease}: it was granted more than once"));
    }
    if history.head.clock == Clock::Client && stories.all().next().is_some() {
        verdict.leave("leases between clients: each has a clock of its own");
    }
}

fn check_never_early(story: &Story, verdict: &mut Verdict) {
    for gone in &story.gone {
        verdict.examine(Check::LeaseNeverEarly);
        if story.was_revoked_before(gone.at.line) {
            continue;
        }
        let least = story.least_end(gone.at.line);
        if gone.at.time < least {
            let early = least - gone.at.time;
            let how = format!("lease {} is gone {early} ns early, {}", story.lease, gone.how);
            verdict.violate(Check::LeaseNeverEarly, &[story.granted.line, gone.at.line], how);
        }
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
    match request {
        Request::Put(put) => Some(put.lease.0),
        Request::Txn(txn) => {
            let mut named = Vec::new();
            name_in_txn(txn, &mut named);
            named.sort_unstable();
            named.dedup();
            (named.len() == 1).then(|| named[0])
        }
        Request::LeaseRevoke { lease }
        | Request::LeaseKeepAlive { lease }
        | Request::LeaseTimeToLive { lease, .. } => Some(lease.0),
        _ => None,
    }
    .filter(|lease| *lease != 0)
}

fn name_in_txn(txn: &braid_core::api::TxnRequest, named: &mut Vec<i64>) {
    use braid_core::api::Operation::{Put, Txn};
    for operation in txn.success.iter().chain(&txn.failure) {
        match operation {
            Put(put) if put.lease.0 != 0 => named.push(put.lease.0),
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
