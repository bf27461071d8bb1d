//! What was compacted, when that could be known, and answers that depend on it.

use braid_core::api::{Operation as TxnOperation, Request, Response, TxnRequest};
use braid_core::error::Error;

use crate::history::{History, Operation, Outcome};
use crate::order::revision;
use crate::verdict::{Check, Verdict};

/// All compactions that may have happened.
#[derive(Clone, Debug, Default)]
pub struct Compactions {
    all: Vec<Compaction>,
}

#[derive(Clone, Copy, Debug)]
struct Compaction {
    revision: i64,
    domain: u64,
    called: u64,
    /// The line of the answer.
    acknowledged: Option<u64>,
}

impl Compactions {
    /// Of a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let compaction = |operation: &Operation| {
            let Request::Compact(request) = &operation.request else { return None };
            if matches!(operation.outcome, Outcome::Refused(_)) {
                return None;
            }
            Some(Compaction {
                revision: request.revision,
                domain: history.domain(operation.client),
                called: operation.called.line,
                acknowledged: operation.response().map(|_| operation.ended.line),
            })
        };
        Self { all: history.operations.iter().filter_map(compaction).collect() }
    }

    /// The highest revision that may have been compacted to when `line` was written; -1 for none.
    #[must_use]
    pub fn possible(&self, domain: u64, line: u64) -> i64 {
        let may_be_before = |c: &&Compaction| c.domain != domain || c.called < line;
        self.all.iter().filter(may_be_before).map(|c| c.revision).max().unwrap_or(-1)
    }

    /// The highest revision that has certainly been compacted to by then; -1 for none.
    #[must_use]
    pub fn certain(&self, domain: u64, line: u64) -> i64 {
        let before = |c: &&Compaction| {
            c.domain == domain && c.acknowledged.is_some_and(|answered| answered < line)
        };
        self.all.iter().filter(before).map(|c| c.revision).max().unwrap_or(-1)
    }
}

/// Checks answers that tell what is compacted, or that a revision is not there yet.
pub fn check(history: &History, compactions: &Compactions, verdict: &mut Verdict) {
    for operation in &history.operations {
        let domain = history.domain(operation.client);
        let possible = compactions.possible(domain, operation.ended.line);
        let certain = compactions.certain(domain, operation.called.line);
        let wrong = match &operation.outcome {
            Outcome::Refused(Error::Compacted) => refused_wrongly(&operation.request, possible),
            Outcome::Refused(Error::FutureRevision) => {
                let named = revisions_named(&operation.request);
                named.iter().all(|revision| *revision <= operation.seen as i64)
            }
            Outcome::Answered(answer) => answered_wrongly(&operation.request, answer, certain),
            _ => continue,
        };
        let told = !matches!(operation.outcome, Outcome::Answered(_));
        if told || !revisions_named(&operation.request).is_empty() {
            verdict.examine(Check::Compaction);
        }
        if wrong {
            let how = format!(
                "with a compaction to {certain} for certain and {possible} perhaps: {operation:?}"
            );
            let lines = [operation.called.line, operation.ended.line];
            verdict.violate(Check::Compaction, &lines, how);
        }
    }
}

fn refused_wrongly(request: &Request, possible: i64) -> bool {
    let named = revisions_named(request);
    match request {
        Request::Compact(_) => named.iter().all(|revision| *revision > possible),
        _ => named.iter().all(|revision| *revision >= possible.max(0)),
    }
}

fn answered_wrongly(request: &Request, answer: &Response, certain: i64) -> bool {
    let compacted = |revision: i64| revision > 0 && revision < certain;
    match (request, answer) {
        (Request::Compact(request), answer) => {
            let shown = revision(answer);
            request.revision <= certain || (shown != 0 && request.revision > shown as i64)
        }
        (Request::Txn(txn), Response::Txn(answer)) => {
            let branch = if answer.succeeded { &txn.success } else { &txn.failure };
            branch.iter().any(|operation| match operation {
                TxnOperation::Range(range) => compacted(range.revision),
                _ => false,
            })
        }
        (request, _) => revisions_named(request).into_iter().any(compacted),
    }
}

/// The revisions that a request asks for.
fn revisions_named(request: &Request) -> Vec<i64> {
    match request {
        Request::Range(range) if range.revision > 0 => vec![range.revision],
        Request::Compact(compact) => vec![compact.revision],
        Request::HashKv { revision } if *revision > 0 => vec![*revision],
        Request::Txn(txn) => {
            let mut named = Vec::new();
            name_in_txn(txn, &mut named);
            named
        }
        _ => Vec::new(),
    }
}

fn name_in_txn(txn: &TxnRequest, named: &mut Vec<i64>) {
    for operation in txn.success.iter().chain(&txn.failure) {
        match operation {
            TxnOperation::Range(range) if range.revision != 0 => named.push(range.revision),
            TxnOperation::Txn(inner) => name_in_txn(inner, named),
            _ => {}
        }
    }
}
