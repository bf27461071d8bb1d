//! Answers without a revision: errors, and what was noted without its header.
//!
//! They change nothing, so each belongs right behind the first revision that explains it and that
//! no earlier answer is behind of.

use super::compare::difference;
use super::search::{Author, Fault, apply, replay};
use super::sort::Sorted;
use crate::history::{History, Operation, Outcome};
use crate::model::Model;
use crate::verdict::Check;

/// An answer that has no place yet.
struct Waiting<'a> {
    operation: &'a Operation,
    /// The last revision that it can be behind.
    until: u64,
}

/// Finds a place for all of them.
pub(super) fn check(
    history: &History,
    sorted: &Sorted<'_>,
    authors: &[Author],
) -> Result<(), Fault> {
    if sorted.floating.is_empty() {
        return Ok(());
    }
    let mut waiting = Vec::new();
    for place in &sorted.floating {
        let operation = &history.operations[*place];
        let domain = history.domain(operation.client);
        let until = sorted.horizon.at(domain, operation.ended.line);
        waiting.push(Waiting { operation, until });
    }
    let mut model = Model::new(history.head.max_txn_ops);
    settle(history, &mut waiting, &mut model)?;
    for author in authors {
        replay(&mut model, *author, |place| history.operations[place].request.clone());
        settle(history, &mut waiting, &mut model)?;
    }
    waiting.first().map_or(Ok(()), |waiting| Err(fault(waiting, model.revision())))
}

/// Places what the present state explains.
fn settle(
    history: &History,
    waiting: &mut Vec<Waiting<'_>>,
    model: &mut Model,
) -> Result<(), Fault> {
    let now = model.revision();
    let mut left: Vec<Waiting<'_>> = Vec::new();
    for candidate in waiting.drain(..) {
        let earlier = left.iter().any(|other| {
            other.operation.ended.line < candidate.operation.called.line
                && history.domain(other.operation.client)
                    == history.domain(candidate.operation.client)
        });
        let ready = candidate.operation.seen <= now && !earlier;
        if ready && explains(model, candidate.operation) {
            continue;
        }
        if candidate.until <= now {
            return Err(fault(&candidate, now));
        }
        left.push(candidate);
    }
    *waiting = left;
    Ok(())
}

fn explains(model: &mut Model, operation: &Operation) -> bool {
    let revision = model.revision();
    let wanted = match &operation.request {
        request if super::is_about_keys(request) => apply(model, request),
        _ => return true,
    };
    model.return_to(revision);
    match (&operation.outcome, &wanted) {
        (Outcome::Refused(noted), Err(wanted)) => noted == wanted,
        (Outcome::Answered(noted), Ok(wanted)) => difference(noted, wanted).is_none(),
        _ => false,
    }
}

fn fault(waiting: &Waiting<'_>, now: u64) -> Fault {
    let Operation { called, ended, request, outcome, seen, .. } = waiting.operation;
    let how = format!("no state from revision {seen} to {now} explains {outcome:?} to {request:?}");
    let lines = vec![called.line, ended.line];
    Fault { revision: now, check: Check::Linearizable, lines, how }
}
