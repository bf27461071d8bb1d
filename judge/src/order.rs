//! One order of all writes that explains every answer.
//!
//! A write that was answered has a revision of its own, so its place is given; a read belongs
//! right behind the revision that its header shows. Only writes without an answer, and leases that
//! end, have to be searched a place for, among the revisions that nobody else has made.

mod compare;
mod floating;
mod horizon;
mod search;
mod sort;
mod witness;

use braid_core::api::{OperationResponse, Request, Response};

use crate::history::{History, Operation};
use crate::lease::Stories;
use crate::model::Model;
use crate::verdict::{Check, Verdict};

pub(crate) use horizon::Horizon;
pub use search::{Author, SEARCH_STEPS_MAX};

/// What happened, as far as it is established.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The store, with all its history; nothing in it is compacted.
    pub model: Model,
    /// Who wrote each revision from 2 on.
    pub authors: Vec<Author>,
}

impl Timeline {
    /// The last revision that is established.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.model.revision()
    }
}

/// Finds the order of writes; tries at most `steps` places.
pub(crate) fn establish(
    history: &History,
    stories: &Stories,
    steps: u64,
    verdict: &mut Verdict,
) -> Timeline {
    check_real_time(history, verdict);
    let sorted = sort::Sorted::of(history, stories, verdict);
    search::Search::new(history, &sorted, steps).run(verdict)
}

/// Answers show at least what anyone had seen when the request was sent.
fn check_real_time(history: &History, verdict: &mut Verdict) {
    for operation in &history.operations {
        let Some(response) = operation.response() else { continue };
        let shown = revision(response);
        if shown == 0 || may_be_stale(history, operation) {
            continue;
        }
        verdict.examine(Check::RealTime);
        let least = operation.seen + u64::from(changes(response));
        if shown < least {
            let how = format!("{shown} is shown where {least} or more must be: {operation:?}");
            let lines = [operation.called.line, operation.ended.line];
            verdict.violate(Check::RealTime, &lines, how);
        }
    }
    if history.head.clock == crate::wire::Clock::Client && history.operations.len() > 1 {
        verdict.leave("real-time order between clients: each has a clock of its own");
    }
}

/// Whether etcd answers from the member's own state, and another member's may be newer.
pub(crate) fn may_be_stale(history: &History, operation: &Operation) -> bool {
    if history.head.one_member {
        return false;
    }
    match &operation.request {
        Request::Range(range) => range.serializable,
        Request::Txn(txn) => {
            let mut reads = txn.success.iter().chain(&txn.failure);
            reads.all(|read| match read {
                braid_core::api::Operation::Range(range) => range.serializable,
                _ => false,
            })
        }
        Request::LeaseKeepAlive { .. }
        | Request::LeaseTimeToLive { .. }
        | Request::LeaseLeases
        | Request::HashKv { .. }
        | Request::Status => true,
        _ => false,
    }
}

/// The revision of an answer's header; 0 when it was not noted.
#[must_use]
pub fn revision(answer: &Response) -> u64 {
    match answer {
        Response::Range(range) => range.revision.0,
        Response::Put(put) => put.revision.0,
        Response::DeleteRange(delete) => delete.revision.0,
        Response::Txn(txn) => txn.revision.0,
        Response::Compact { revision }
        | Response::LeaseGrant { revision, .. }
        | Response::LeaseRevoke { revision }
        | Response::LeaseKeepAlive { revision, .. }
        | Response::LeaseTimeToLive { revision, .. }
        | Response::LeaseLeases { revision, .. }
        | Response::HashKv { revision, .. } => revision.0,
        Response::Status(status) => status.revision.0,
        Response::RangeClosed => 0,
    }
}

/// Whether a request with this answer has changed keys.
pub(crate) fn changes(answer: &Response) -> bool {
    match answer {
        Response::Put(_) => true,
        Response::DeleteRange(delete) => delete.deleted > 0,
        Response::Txn(txn) => txn.responses.iter().any(operation_changes),
        _ => false,
    }
}

fn operation_changes(answer: &OperationResponse) -> bool {
    match answer {
        OperationResponse::Put(_) => true,
        OperationResponse::DeleteRange(delete) => delete.deleted > 0,
        OperationResponse::Txn(txn) => txn.responses.iter().any(operation_changes),
        OperationResponse::Range(_) => false,
    }
}

/// Whether a request is about keys, so that the order of writes explains its answer.
pub(crate) fn is_about_keys(request: &Request) -> bool {
    matches!(
        request,
        Request::Range(_) | Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_)
    )
}
