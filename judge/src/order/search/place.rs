//! One revision and one author: does it explain what was answered and told?

use std::hash::{DefaultHasher, Hash, Hasher};

use braid_core::api::{self, Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;

use super::super::compare::difference;
use super::{Author, Fault, Search};
use crate::history::Operation;
use crate::model::{Event, Model};
use crate::verdict::Check;

impl Search<'_> {
    /// Lets `author` write `revision`. On a fault all is as it was before.
    pub(super) fn place(&mut self, author: Author, revision: u64) -> Result<(), Fault> {
        let placed = self.write(author, revision).and_then(|()| {
            self.authors.push(author);
            self.states.push(self.state_behind(revision));
            self.check_reads(revision)
        });
        if placed.is_err() {
            self.go_to(revision - 1);
        }
        placed
    }

    fn write(&mut self, author: Author, revision: u64) -> Result<(), Fault> {
        match author {
            Author::Call(place) => self.write_call(place, revision),
            Author::EndOfLease { lease, .. } => {
                end_lease(&mut self.model, lease);
                self.check_told(&format!("the end of lease {lease}"), revision)
            }
        }
    }

    fn write_call(&mut self, place: usize, revision: u64) -> Result<(), Fault> {
        let operation = &self.history.operations[place];
        let wanted = apply(&mut self.model, &operation.request);
        if self.model.revision() != revision {
            return Err(self.fault(operation, revision, Check::Linearizable, &wanted));
        }
        match operation.response() {
            Some(noted) => {
                let broken = match &wanted {
                    Ok(wanted) => difference(noted, wanted),
                    Err(_) => Some(Check::Linearizable),
                };
                match broken {
                    Some(check) => Err(self.fault(operation, revision, check, &wanted)),
                    None => Ok(()),
                }
            }
            None => self.check_told(&format!("{:?}", operation.request), revision),
        }
    }

    /// Whether what watchers were told of a revision is what its author has changed.
    fn check_told(&self, author: &str, revision: u64) -> Result<(), Fault> {
        let changes = self.model.changes_at(revision);
        let told = self.sorted.told.get(&revision).into_iter().flatten();
        let mut foreign = told.filter(|told| !changes.contains(told));
        let how = if changes.is_empty() {
            format!("{author} changes nothing at revision {revision}")
        } else if let Some(foreign) = foreign.next() {
            format!("{author} has not made {foreign:?}")
        } else {
            return Ok(());
        };
        Err(Fault { revision, check: Check::DenseRevisions, lines: Vec::new(), how })
    }

    /// Whether all answers that show `revision` are right.
    pub(super) fn check_reads(&mut self, revision: u64) -> Result<(), Fault> {
        let sorted = self.sorted;
        for place in sorted.reads.get(&revision).into_iter().flatten() {
            let operation = &self.history.operations[*place];
            let wanted = apply(&mut self.model, &operation.request);
            self.model.return_to(revision);
            let broken = match (operation.response(), &wanted) {
                (Some(noted), Ok(wanted)) => difference(noted, wanted),
                _ => Some(Check::Linearizable),
            };
            if let Some(check) = broken {
                return Err(self.fault(operation, revision, check, &wanted));
            }
        }
        self.check_ended(revision)
    }

    /// Leases that are known to be gone have no keys.
    fn check_ended(&self, revision: u64) -> Result<(), Fault> {
        let Some(ended) = self.sorted.ended.get(&revision) else { return Ok(()) };
        let keys = self.model.keys_at(revision);
        let attached = |lease: i64| keys.iter().find(|(_, pair)| pair.lease == lease);
        let left = ended.iter().find_map(|(lease, line)| Some((lease, line, attached(*lease)?.0)));
        let Some((lease, line, key)) = left else { return Ok(()) };
        let how = format!("lease {lease} is gone, its key {key:?} is not at revision {revision}");
        Err(Fault { revision, check: Check::LeaseAtomic, lines: vec![*line], how })
    }

    /// Whether a call that has its place elsewhere, and no answer, would make the same changes at
    /// `revision` as the end of `lease`.
    pub(super) fn has_twin(&mut self, lease: LeaseId, revision: u64) -> bool {
        end_lease(&mut self.model, lease);
        let wanted = self.model.changes_at(revision).to_vec();
        self.model.return_to(revision - 1);
        let used = self.sorted.candidates.iter().zip(&self.used);
        let used: Vec<Author> = used
            .filter(|(candidate, used)| **used && candidate.after < revision)
            .map(|(candidate, _)| candidate.author)
            .collect();
        !wanted.is_empty() && used.into_iter().any(|author| self.changes_by(author) == wanted)
    }

    /// What a call would change now.
    fn changes_by(&mut self, author: Author) -> Vec<Event> {
        let Author::Call(place) = author else { return Vec::new() };
        let before = self.model.revision();
        let _ = apply(&mut self.model, &self.history.operations[place].request);
        let changes = self.model.changes_at(before + 1).to_vec();
        self.model.return_to(before);
        changes
    }

    fn state_behind(&self, revision: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.states.last().hash(&mut hasher);
        for Event { key, put, .. } in self.model.changes_at(revision) {
            key.hash(&mut hasher);
            put.as_ref().map(|pair| (&pair.value, pair.lease)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn fault(
        &self,
        operation: &Operation,
        revision: u64,
        check: Check,
        wanted: &Result<Response, Error>,
    ) -> Fault {
        let lines = vec![operation.called.line, operation.ended.line];
        let Operation { request, outcome, .. } = operation;
        let how = format!("at revision {revision} {request:?}\ngot {outcome:?}\nnot {wanted:?}");
        Fault { revision, check, lines, how }
    }

    /// Nobody can have made a revision.
    pub(super) fn unexplained(&self, revision: u64) -> Fault {
        let told = self.sorted.told.get(&revision).map_or(&[][..], Vec::as_slice);
        let check = match self.lease_of(told, revision - 1) {
            Some(_) => Check::LeaseAtomic,
            None => Check::DenseRevisions,
        };
        let how = format!("revision {revision} is nobody's; watchers were told {told:?}");
        let lines = self.lines_showing(revision);
        Fault { revision, check, lines, how }
    }

    /// The lease that all of these changes, deletes, would belong to.
    fn lease_of(&self, told: &[Event], before: u64) -> Option<i64> {
        let lease = |event: &Event| {
            let pair = self.model.pair_at(&event.key, before)?;
            (event.put.is_none() && pair.lease != 0).then_some(pair.lease)
        };
        let first = lease(told.first()?)?;
        told.iter().all(|event| lease(event) == Some(first)).then_some(first)
    }

    /// Lines at which a revision, or a later one, first shows.
    fn lines_showing(&self, revision: u64) -> Vec<u64> {
        let answers = self.history.operations.iter().filter(|operation| {
            operation.response().is_some_and(|answer| super::super::revision(answer) >= revision)
        });
        let told = self.history.watchers.iter().flat_map(|watcher| &watcher.told);
        let told = told.filter(|told| {
            told.response.events.iter().any(|event| event.kv.mod_revision.0 >= revision)
        });
        let lines =
            answers.map(|operation| operation.ended.line).chain(told.map(|told| told.at.line));
        lines.min().into_iter().collect()
    }
}

/// Applies a request to a store in which all leases that it names exist.
pub fn apply(model: &mut Model, request: &Request) -> Result<Response, Error> {
    let mut named = Vec::new();
    name_leases(request, &mut named);
    named.into_iter().for_each(|lease| model.admit(lease));
    model.apply(request)
}

fn name_leases(request: &Request, named: &mut Vec<LeaseId>) {
    match request {
        Request::Put(put) => named.push(put.lease),
        Request::Txn(txn) => name_in_txn(txn, named),
        _ => {}
    }
}

fn name_in_txn(txn: &api::TxnRequest, named: &mut Vec<LeaseId>) {
    for operation in txn.success.iter().chain(&txn.failure) {
        match operation {
            api::Operation::Put(put) => named.push(put.lease),
            api::Operation::Txn(inner) => name_in_txn(inner, named),
            _ => {}
        }
    }
}

fn end_lease(model: &mut Model, lease: LeaseId) {
    model.admit(lease);
    // The lease is there, so nothing can be wrong with the request.
    let _ = model.apply(&Request::LeaseRevoke { lease });
}

/// Writes a timeline's next revision again.
pub fn replay(model: &mut Model, author: Author, request: impl Fn(usize) -> Request) {
    match author {
        // It was applied before, in the same state.
        Author::Call(place) => drop(apply(model, &request(place))),
        Author::EndOfLease { lease, .. } => end_lease(model, lease),
    }
}
