//! What clients saw of a member, and whether one order of revisions explains all of it.
//!
//! Every write that changed something has a revision of its own, so the order is given: the model
//! replays it and must come to the same answers and the same events. Reads, and writes that change
//! nothing, belong behind the revision that their header shows. What was never answered may have
//! happened, at most once and as a whole.

use std::collections::BTreeMap;

use braid_core::api::{Operation as TxnOperation, OperationResponse, Request, Response};
use braid_core::error::Error;
use braid_core::evaluate::footprint::leases_named;
use braid_core::ids::LeaseId;

use crate::model::{Event, Model};

/// A request and what became of it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The request.
    pub request: Request,
    /// The highest revision that any client had seen when it was sent.
    pub after: u64,
    /// The answer; `None` when the member crashed first.
    pub answer: Option<Result<Response, Error>>,
}

/// Replays `operations` and `events`, everything that happened since `model`, and leaves in
/// `model` the state after it.
///
/// # Errors
/// What cannot be explained.
pub fn explain(
    model: &mut Model,
    operations: &[Operation],
    events: &[Event],
) -> Result<(), String> {
    let sorted = Sorted::of(operations)?;
    let last = events.last().map_or(model.revision(), |event| event.revision);
    if let Some((lost, operation)) = sorted.writes.range(last + 1..).next() {
        return Err(format!("revision {lost} was acknowledged and is gone: {operation:?}"));
    }
    let mut states = vec![model.clone()];
    place(&mut states, &sorted, &sorted.unplaced, events, last)?;
    for operation in &sorted.reads {
        check_read(&states, operation)?;
    }
    for operation in &sorted.errors {
        check_error(&states, operation, operations)?;
    }
    *model = states.pop().unwrap_or_else(|| model.clone());
    Ok(())
}

/// Operations by what is known of their place.
#[derive(Default)]
struct Sorted<'a> {
    writes: BTreeMap<u64, &'a Operation>,
    reads: Vec<&'a Operation>,
    errors: Vec<&'a Operation>,
    /// Their revision, if they have one, is not known.
    unplaced: Vec<&'a Operation>,
}

impl<'a> Sorted<'a> {
    fn of(operations: &'a [Operation]) -> Result<Self, String> {
        let mut sorted = Self::default();
        for operation in operations {
            match &operation.answer {
                None | Some(Ok(Response::LeaseRevoke { .. })) => sorted.unplaced.push(operation),
                Some(Err(_)) => sorted.errors.push(operation),
                Some(Ok(answer)) if changes(answer) => {
                    let revision = revision(answer);
                    if let Some(twin) = sorted.writes.insert(revision, operation) {
                        return Err(format!("revision {revision} twice: {operation:?}\n{twin:?}"));
                    }
                }
                Some(Ok(_)) => sorted.reads.push(operation),
            }
        }
        Ok(sorted)
    }
}

/// Appends to `states` the state after each revision up to `last`.
fn place(
    states: &mut Vec<Model>,
    sorted: &Sorted<'_>,
    unplaced: &[&Operation],
    events: &[Event],
    last: u64,
) -> Result<(), String> {
    let Some(state) = states.last() else { return Ok(()) };
    let revision = state.revision() + 1;
    if revision > last {
        return Ok(());
    }
    let happened: Vec<&Event> = events.iter().filter(|e| e.revision == revision).collect();
    if let Some(write) = sorted.writes.get(&revision) {
        let next = replay(state, write, &happened)?;
        states.push(next);
        return place(states, sorted, unplaced, events, last);
    }
    let mut why = format!("revision {revision} was written by nobody: {happened:?}");
    for (at, candidate) in unplaced.iter().enumerate() {
        let depth = states.len();
        let Ok(next) = replay(&states[depth - 1], candidate, &happened) else { continue };
        let mut others = unplaced.to_vec();
        others.remove(at);
        states.push(next);
        match place(states, sorted, &others, events, last) {
            Ok(()) => return Ok(()),
            Err(later) => why = later,
        }
        states.truncate(depth);
    }
    Err(why)
}

/// The state after `operation`, if that changes what happened and is answered as it was.
fn replay(state: &Model, operation: &Operation, happened: &[&Event]) -> Result<Model, String> {
    let mut next = state.clone();
    let wanted = next.apply(&operation.request);
    let changed = &next.history()[state.history().len()..];
    if !changed.iter().eq(happened.iter().copied()) {
        return Err(format!("{operation:?} changes {changed:?}, but this happened: {happened:?}"));
    }
    if operation.after >= next.revision() {
        return Err(format!("older than what was seen before it was sent: {operation:?}"));
    }
    let answered = match &operation.answer {
        // Its header may show a later revision.
        None | Some(Ok(Response::LeaseRevoke { .. })) => true,
        Some(answer) => *answer == wanted,
    };
    if answered { Ok(next) } else { Err(format!("{operation:?}\nshould answer {wanted:?}")) }
}

fn check_read(states: &[Model], operation: &Operation) -> Result<(), String> {
    let Some(Ok(answer)) = &operation.answer else { return Ok(()) };
    let seen = revision(answer);
    if seen < operation.after {
        return Err(format!("a read of the past: {operation:?}"));
    }
    let first = states[0].revision();
    let state = seen.checked_sub(first).and_then(|place| states.get(place as usize));
    let Some(state) = state else { return Err(format!("a read of the future: {operation:?}")) };
    let wanted = state.clone().apply(&operation.request);
    if wanted.as_ref() == Ok(answer) {
        return Ok(());
    }
    Err(format!("{operation:?}\nshould answer {wanted:?}"))
}

/// An error has no header: some state since it was sent must give it.
fn check_error(states: &[Model], operation: &Operation, all: &[Operation]) -> Result<(), String> {
    let excused = match operation.answer {
        Some(Err(Error::LeaseNotFound)) => names_revoked(operation, all),
        // A revision that is written and not yet readable is in the future for a transaction,
        // although its compares see it: nobody can have been told of it.
        Some(Err(Error::FutureRevision)) => names_unseen(operation),
        _ => false,
    };
    if excused {
        return Ok(());
    }
    let since = states.iter().filter(|state| state.revision() >= operation.after);
    let given = since.map(|state| Some(state.clone().apply(&operation.request)));
    if given.into_iter().any(|given| given == operation.answer) {
        return Ok(());
    }
    Err(format!("no state explains {operation:?}"))
}

/// Whether a lease that the operation names was being revoked: the moment at which one without
/// keys ends shows nowhere.
fn names_revoked(operation: &Operation, all: &[Operation]) -> bool {
    let revoked =
        |lease: LeaseId| all.iter().any(|other| other.request == Request::LeaseRevoke { lease });
    match &operation.request {
        Request::Put(put) => revoked(put.lease),
        Request::LeaseRevoke { .. } => true,
        Request::Txn(txn) => leases_named(txn).into_iter().any(revoked),
        _ => false,
    }
}

/// Whether a transaction reads at a revision that nobody had seen when it was sent.
fn names_unseen(operation: &Operation) -> bool {
    let Request::Txn(txn) = &operation.request else { return false };
    let mut operations: Vec<&TxnOperation> = txn.success.iter().chain(&txn.failure).collect();
    while let Some(next) = operations.pop() {
        match next {
            TxnOperation::Range(range) if range.revision > operation.after as i64 => return true,
            TxnOperation::Txn(txn) => operations.extend(txn.success.iter().chain(&txn.failure)),
            _ => {}
        }
    }
    false
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
