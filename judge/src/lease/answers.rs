//! Answers about leases that need no time to be judged.

use braid_core::api::{Operation as TxnOperation, OperationResponse, Request, Response};
use braid_core::error::Error;

use super::{Stories, Story, may_have_happened};
use crate::history::{History, Operation, Outcome};
use crate::order::changes;
use crate::verdict::{Check, Verdict};

/// Longest time to live that etcd grants, in seconds.
const TTL_MAX: i64 = 9_000_000_000;

/// Checks what is granted, what is shown of it and what is refused.
pub fn check(history: &History, stories: &Stories, verdict: &mut Verdict) {
    let mut lists = 0;
    for operation in &history.operations {
        let wrong = match (&operation.request, &operation.outcome) {
            (Request::LeaseGrant { lease, ttl }, outcome) => {
                grant_is_wrong(lease.0, *ttl, outcome, || is_granted_before(history, operation))
            }
            (Request::LeaseTimeToLive { lease, keys }, Outcome::Answered(answer)) => {
                lists += u64::from(*keys);
                shown_wrongly(answer, stories.get(lease.0).map(Story::ttl_s))
            }
            (Request::Put(_) | Request::Txn(_), Outcome::Answered(_)) => {
                attaches_to_nothing(operation, stories)
            }
            _ => continue,
        };
        verdict.examine(Check::LeaseAnswers);
        if wrong {
            let lines = [operation.called.line, operation.ended.line];
            verdict.violate(Check::LeaseAnswers, &lines, format!("{operation:?}"));
        }
    }
    if lists > 0 {
        verdict.leave(format!("the keys that {lists} answers list for a lease"));
    }
}

/// Whether another call may have been granted the lease by the time at which this one ended.
fn is_granted_before(history: &History, refused: &Operation) -> bool {
    let comparable =
        |other: &Operation| history.domain(other.client) == history.domain(refused.client);
    let lease_of = |operation: &Operation| match (operation.response(), &operation.request) {
        (Some(Response::LeaseGrant { lease, .. }), _) => Some(*lease),
        (_, Request::LeaseGrant { lease, .. }) => Some(*lease),
        _ => None,
    };
    history.operations.iter().any(|other| {
        let in_time = !comparable(other) || other.called.line < refused.ended.line;
        in_time
            && other.called.line != refused.called.line
            && may_have_happened(other)
            && lease_of(other) == lease_of(refused)
    })
}

fn grant_is_wrong(lease: i64, ttl: i64, outcome: &Outcome, is_known: impl Fn() -> bool) -> bool {
    match outcome {
        Outcome::Answered(Response::LeaseGrant { lease: given, ttl: granted, .. }) => {
            *granted < ttl || (lease != 0 && lease != given.0) || given.0 == 0
        }
        Outcome::Refused(Error::LeaseExists) => !is_known(),
        Outcome::Refused(Error::LeaseTtlTooLarge) => ttl <= TTL_MAX,
        Outcome::Refused(Error::NoSpace | Error::TooManyRequests) => false,
        Outcome::Refused(_) => true,
        _ => false,
    }
}

fn shown_wrongly(answer: &Response, granted: Option<i64>) -> bool {
    let Response::LeaseTimeToLive { ttl, granted_ttl, .. } = answer else { return false };
    let known = granted.is_none_or(|granted| *granted_ttl == granted);
    if *ttl < 0 { *ttl != -1 || *granted_ttl != 0 } else { *ttl > *granted_ttl || !known }
}

/// Whether a key was attached to a lease that nobody can have been granted.
fn attaches_to_nothing(operation: &Operation, stories: &Stories) -> bool {
    let named = match (&operation.request, operation.response()) {
        (Request::Put(put), Some(_)) => vec![put.lease.0],
        (Request::Txn(txn), Some(answer @ Response::Txn(response))) if changes(answer) => {
            let branch = if response.succeeded { &txn.success } else { &txn.failure };
            let done = branch.iter().zip(&response.responses);
            done.filter_map(|(operation, answer)| match (operation, answer) {
                (TxnOperation::Put(put), OperationResponse::Put(_)) => Some(put.lease.0),
                _ => None,
            })
            .collect()
        }
        _ => Vec::new(),
    };
    named.into_iter().any(|lease| lease != 0 && !stories.is_named(lease))
}
