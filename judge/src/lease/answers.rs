//! Answers about leases that need no time to be judged.

use std::collections::BTreeSet;

use braid_core::api::{Operation as TxnOperation, OperationResponse, Request, Response};
use braid_core::error::Error;

use super::Stories;
use crate::history::{History, Operation, Outcome};
use crate::order::changes;
use crate::verdict::{Check, Verdict};

/// Longest time to live that etcd grants, in seconds.
const TTL_MAX: i64 = 9_000_000_000;

/// Checks what is granted, what is shown of it and what is refused.
pub fn check(history: &History, stories: &Stories<'_>, verdict: &mut Verdict) {
    let mut granted_ttl = std::collections::HashMap::new();
    let mut attempts = BTreeSet::new();
    let mut lists = 0;
    for operation in &history.operations {
        let wrong = match (&operation.request, &operation.outcome) {
            (Request::LeaseGrant { lease, ttl }, outcome) => {
                let known = attempts.contains(&lease.0);
                attempts.insert(lease.0);
                if let Outcome::Answered(Response::LeaseGrant { lease, ttl, .. }) = outcome {
                    granted_ttl.insert(lease.0, *ttl);
                }
                grant_is_wrong(lease.0, *ttl, outcome, known)
            }
            (Request::LeaseTimeToLive { lease, keys }, Outcome::Answered(answer)) => {
                lists += u64::from(*keys);
                let granted = granted_ttl.get(&lease.0).copied();
                shown_wrongly(answer, granted.filter(|_| stories.get(lease.0).is_some()))
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

fn grant_is_wrong(lease: i64, ttl: i64, outcome: &Outcome, known: bool) -> bool {
    match outcome {
        Outcome::Answered(Response::LeaseGrant { lease: given, ttl: granted, .. }) => {
            *granted < ttl || (lease != 0 && lease != given.0) || given.0 == 0
        }
        Outcome::Refused(Error::LeaseExists) => !known,
        Outcome::Refused(Error::LeaseTtlTooLarge) => ttl <= TTL_MAX,
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
fn attaches_to_nothing(operation: &Operation, stories: &Stories<'_>) -> bool {
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
