//! Whether one order of revisions explains every answer.
//!
//! Every write that changed something has a revision of its own, so the order is given: the model
//! replays it and must come to the same answers and the same events. Reads, and writes that change
//! nothing, belong behind the revision that their header shows. What was never answered may have
//! happened, at most once and as a whole; so may the end of a lease.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{Operation as TxnOperation, OperationResponse, Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;

use crate::failure::{Failure, Verdict};
use crate::model::{Event, Model};

/// A request and what became of it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The request.
    pub request: Request,
    /// When it was sent.
    pub sent: Duration,
    /// The highest revision that any client had seen by then.
    pub after: u64,
    /// The highest compaction that had been acknowledged by then.
    pub compacted: i64,
    /// When and how it was answered; `None` when the member crashed first.
    pub answer: Option<(Duration, Result<Response, Error>)>,
}

/// What happened between two known states.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// What clients asked for.
    pub operations: &'a [Operation],
    /// Every change, in order, and when it was heard of.
    pub events: &'a [(Duration, Event)],
    /// The revision after it.
    pub last: u64,
    /// Leases that may have ended, each from some time on.
    pub leases: &'a [(LeaseId, Duration)],
    /// The highest revision that anybody asked to compact.
    pub compaction: i64,
    /// Reads of the disk may have failed.
    pub bad_reads: bool,
}

impl Operation {
    fn result(&self) -> Option<&Result<Response, Error>> {
        self.answer.as_ref().map(|(_, result)| result)
    }

    fn response(&self) -> Option<&Response> {
        self.result().and_then(|result| result.as_ref().ok())
    }
}

/// Replays a stretch, and leaves in `model` the state after it.
///
/// # Errors
/// What cannot be explained.
pub fn explain(model: &mut Model, stretch: &Stretch<'_>) -> Verdict {
    let sorted = Sorted::of(stretch)?;
    if let Some((lost, operation)) = sorted.writes.range(stretch.last + 1..).next() {
        let evidence = format!("revision {lost} is gone: {operation:?}");
        return Err(Failure::new("what is acknowledged stays", evidence));
    }
    grant_leases(model, stretch.operations);
    let base = model.clone();
    let placement = Placement { stretch, writes: &sorted.writes };
    let mut placed = Vec::new();
    placement.place(model, &sorted.unplaced, &mut placed)?;
    check_rest(base, &placed, &sorted, stretch)
}

/// Grants have no revision, and a lease that was granted later does no harm: no id is used twice,
/// and nobody names one that he was not told of.
fn grant_leases(model: &mut Model, operations: &[Operation]) {
    for operation in operations {
        let refused = matches!(operation.result(), Some(Err(_)));
        if let (Request::LeaseGrant { .. }, false) = (&operation.request, refused) {
            let _granted_before = model.apply(&operation.request);
        }
    }
}

/// Operations by what is known of their place.
#[derive(Default)]
struct Sorted<'a> {
    writes: BTreeMap<u64, &'a Operation>,
    /// By the revision that the answer shows.
    reads: BTreeMap<u64, Vec<&'a Operation>>,
    errors: Vec<(&'a Operation, Error)>,
    /// Their revision, if they have one, is not known.
    unplaced: Vec<Candidate>,
}

/// A write that may have happened somewhere.
#[derive(Clone, Debug)]
struct Candidate {
    request: Request,
    after: u64,
    not_before: Duration,
}

impl<'a> Sorted<'a> {
    fn of(stretch: &Stretch<'a>) -> Result<Self, Failure> {
        let mut sorted = Self::default();
        for operation in stretch.operations {
            sorted.add(operation)?;
        }
        for &(lease, not_before) in stretch.leases {
            let request = Request::LeaseRevoke { lease };
            sorted.unplaced.push(Candidate { request, after: 0, not_before });
        }
        Ok(sorted)
    }

    fn add(&mut self, operation: &'a Operation) -> Verdict {
        match operation.result() {
            None if may_write(&operation.request) => {
                let (request, after) = (operation.request.clone(), operation.after);
                self.unplaced.push(Candidate { request, after, not_before: operation.sent });
            }
            None => {}
            Some(Err(error)) => self.errors.push((operation, *error)),
            Some(Ok(answer)) if changes(answer) => {
                let revision = revision(answer);
                if let Some(twin) = self.writes.insert(revision, operation) {
                    let evidence = format!("revision {revision}:\n{operation:?}\n{twin:?}");
                    return Err(Failure::new("revisions are unique", evidence));
                }
            }
            Some(Ok(answer)) => self.reads.entry(revision(answer)).or_default().push(operation),
        }
        Ok(())
    }
}

/// The ends of leases are among the leases of the stretch anyway.
fn may_write(request: &Request) -> bool {
    matches!(request, Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_))
}

struct Placement<'a> {
    stretch: &'a Stretch<'a>,
    writes: &'a BTreeMap<u64, &'a Operation>,
}

impl Placement<'_> {
    /// Finds the write of each revision, and applies it.
    fn place(
        &self,
        model: &mut Model,
        unplaced: &[Candidate],
        placed: &mut Vec<Request>,
    ) -> Verdict {
        let mut unplaced = unplaced.to_vec();
        while model.revision() < self.stretch.last {
            let happened = &self.happened(model.revision() + 1)[..];
            if let Some(write) = self.writes.get(&(model.revision() + 1)) {
                let answer = write.response();
                replay(model, &write.request, write.after, answer, happened)?;
                placed.push(write.request.clone());
                continue;
            }
            let fits = |candidate: &Candidate| {
                let in_time = self.heard(model.revision() + 1) >= Some(candidate.not_before);
                let mut model = model.clone();
                in_time
                    && replay(&mut model, &candidate.request, candidate.after, None, happened)
                        .is_ok()
            };
            let fitting: Vec<usize> =
                (0..unplaced.len()).filter(|at| fits(&unplaced[*at])).collect();
            match fitting[..] {
                [] => return Err(unexplained(model.revision() + 1, happened)),
                [only] => {
                    let request = unplaced.remove(only).request;
                    replay(model, &request, 0, None, happened)?;
                    placed.push(request);
                }
                _ => return self.branch(model, &unplaced, &fitting, placed),
            }
        }
        Ok(())
    }

    /// Several writes explain the next revision: one of them must lead on to the end.
    fn branch(
        &self,
        model: &mut Model,
        unplaced: &[Candidate],
        fitting: &[usize],
        placed: &mut Vec<Request>,
    ) -> Verdict {
        let happened = &self.happened(model.revision() + 1)[..];
        let mut outcome = Ok(());
        for &choice in fitting {
            let mut others = unplaced.to_vec();
            let request = others.remove(choice).request;
            let (mut next, depth) = (model.clone(), placed.len());
            replay(&mut next, &request, 0, None, happened)?;
            placed.push(request);
            outcome = self.place(&mut next, &others, placed);
            if outcome.is_ok() {
                *model = next;
                break;
            }
            placed.truncate(depth);
        }
        outcome
    }

    fn at(&self, revision: u64) -> &[(Duration, Event)] {
        let events = self.stretch.events;
        let first = events.partition_point(|(_, event)| event.revision < revision);
        let after = events.partition_point(|(_, event)| event.revision <= revision);
        &events[first..after]
    }

    fn happened(&self, revision: u64) -> Vec<Event> {
        self.at(revision).iter().map(|(_, event)| event.clone()).collect()
    }

    fn heard(&self, revision: u64) -> Option<Duration> {
        self.at(revision).first().map(|(heard, _)| *heard)
    }
}

fn unexplained(revision: u64, happened: &[Event]) -> Failure {
    if happened.is_empty() {
        let evidence = format!("nothing happened at revision {revision}");
        return Failure::new("revisions are dense", evidence);
    }
    let evidence = format!("nobody wrote revision {revision}: {happened:?}");
    Failure::new("only what was asked for happens", evidence)
}

/// Applies `request` if that changes what happened and is answered as it was.
fn replay(
    model: &mut Model,
    request: &Request,
    after: u64,
    answer: Option<&Response>,
    happened: &[Event],
) -> Verdict {
    let before = model.history().len();
    let wanted = model.apply(request);
    let changed = &model.history()[before..];
    if changed != happened {
        let evidence =
            format!("{request:?}\nchanges {changed:?}\nbut what happened is {happened:?}");
        return Err(Failure::new("a write does what it says, whole", evidence));
    }
    if after >= model.revision() {
        let evidence = format!("revision {} after {after}: {request:?}", model.revision());
        return Err(Failure::new("a later write has a later revision", evidence));
    }
    match answer {
        Some(answer) if wanted.as_ref() != Ok(answer) => {
            let evidence = format!("{request:?}\nis answered {answer:?}\ninstead of {wanted:?}");
            Err(Failure::new("a write is answered by what it did", evidence))
        }
        _ => Ok(()),
    }
}

/// Walks through the placed writes once more, and holds everything else against each state.
fn check_rest(
    mut model: Model,
    placed: &[Request],
    sorted: &Sorted<'_>,
    stretch: &Stretch<'_>,
) -> Verdict {
    let first = model.revision();
    if let Some((_, reads)) = sorted.reads.iter().find(|(r, _)| **r < first || **r > stretch.last) {
        let evidence = format!("not between {first} and {}: {reads:?}", stretch.last);
        return Err(Failure::new("reads see a state that was", evidence));
    }
    let mut errors: Vec<_> = sorted
        .errors
        .iter()
        .filter(|(operation, error)| !excused(operation, *error, stretch))
        .collect();
    let mut next = placed.iter();
    loop {
        for read in sorted.reads.get(&model.revision()).into_iter().flatten() {
            check_read(&mut model, read)?;
        }
        let current = model.revision();
        errors.retain(|(operation, error)| {
            operation.after > current || model.clone().apply(&operation.request) != Err(*error)
        });
        let Some(request) = next.next() else { break };
        model.apply(request).map_err(|error| Failure::panic(&error.to_string()))?;
    }
    match errors.first() {
        Some(unexplained) => {
            Err(Failure::new("errors are true", format!("no state explains {unexplained:?}")))
        }
        None => Ok(()),
    }
}

fn check_read(model: &mut Model, operation: &Operation) -> Verdict {
    let Some(answer) = operation.response() else { return Ok(()) };
    if revision(answer) < operation.after {
        return Err(Failure::new("no read sees the past", format!("{operation:?}")));
    }
    if let Request::Range(range) = &operation.request
        && range.revision > 0
        && range.revision < operation.compacted
    {
        return Err(Failure::new("what is compacted is not read", format!("{operation:?}")));
    }
    let wanted = match &operation.request {
        Request::Range(_) | Request::Txn(_) | Request::DeleteRange(_) => {
            model.apply(&operation.request)
        }
        _ => return Ok(()),
    };
    if wanted.as_ref() == Ok(answer) {
        return Ok(());
    }
    let evidence = format!("{operation:?}\nshould be answered {wanted:?}");
    Err(Failure::new("a read sees its revision", evidence))
}

/// Whether something beside the keys may give this error: time, compaction, a bad disk.
fn excused(operation: &Operation, error: Error, stretch: &Stretch<'_>) -> bool {
    let mut revisions = Vec::new();
    revisions_named(&operation.request, &mut revisions);
    match error {
        // Judged by the ledger.
        Error::LeaseNotFound => true,
        Error::CorruptValue => stretch.bad_reads,
        // The member looks whether there was no room.
        Error::NoSpace => true,
        Error::Compacted => revisions.iter().any(|revision| *revision <= stretch.compaction),
        Error::FutureRevision => {
            revisions.iter().any(|revision| *revision > operation.after as i64)
        }
        _ => false,
    }
}

fn revisions_named(request: &Request, revisions: &mut Vec<i64>) {
    match request {
        Request::Range(range) => revisions.push(range.revision),
        Request::Compact(compact) => revisions.push(compact.revision),
        Request::HashKv { revision } => revisions.push(*revision),
        Request::Txn(txn) => {
            let mut operations: Vec<&TxnOperation> =
                txn.success.iter().chain(&txn.failure).collect();
            while let Some(operation) = operations.pop() {
                match operation {
                    TxnOperation::Range(range) => revisions.push(range.revision),
                    TxnOperation::Txn(txn) => {
                        operations.extend(txn.success.iter().chain(&txn.failure));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// The revision of an answer's header.
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

/// Whether a write with this answer has changed anything.
fn changes(answer: &Response) -> bool {
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
