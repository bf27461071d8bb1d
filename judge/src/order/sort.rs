//! Operations by what is known of their place.

use std::collections::BTreeMap;

use braid_core::api::{self, Request, Response};
use braid_core::error::Error;

use super::witness::Witnesses;
use super::{Author, Horizon, changes, is_about_keys, revision};
use crate::history::{History, Operation, Outcome};
use crate::lease::Stories;
use crate::model::Event;
use crate::verdict::{Check, Verdict};

/// Operations (by their place in the history) and leases' ends, sorted.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// Writes by their revision.
    pub writes: BTreeMap<u64, usize>,
    /// Answers that changed nothing, by the revision that they show.
    pub reads: BTreeMap<u64, Vec<usize>>,
    /// What changed nothing and shows no revision, in the order of calls.
    pub floating: Vec<usize>,
    /// What may have made a revision that nobody else has made.
    pub candidates: Vec<Candidate>,
    /// Of these, the ones that were answered and so have a place.
    pub answered: Vec<usize>,
    /// Those who tell what happened.
    pub witnesses: Witnesses<'a>,
    /// What watchers were told, by revision: events, and pairs that were there before events.
    pub told: BTreeMap<u64, Vec<Event>>,
    /// Leases that were told to be gone (with the line), by a revision that is certainly later.
    pub ended: BTreeMap<u64, Vec<(i64, u64)>>,
    /// The highest revision that anyone was shown.
    pub last: u64,
    /// How far floating operations and candidates can reach.
    pub horizon: Horizon,
}

/// A write whose revision is not known.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is.
    pub author: Author,
    /// It comes after this revision.
    pub after: u64,
    /// It comes at this revision or before.
    pub until: u64,
    /// It was answered, at this line: it has a place.
    pub answered: Option<u64>,
    /// The line of the call.
    pub called: u64,
    /// Whose lines are in order with its own.
    pub domain: u64,
}

impl<'a> Sorted<'a> {
    /// Sorts a history.
    pub fn of(history: &'a History, stories: &Stories, verdict: &mut Verdict) -> Self {
        let (horizon, witnesses) = (Horizon::of(history), Witnesses::of(history));
        let mut sorted = Self { horizon, witnesses, last: 1, ..Self::default() };
        let mut ends = Vec::new();
        sorted.note_told(history);
        sorted.note_ended(stories);
        for (place, operation) in history.operations.iter().enumerate() {
            let shown = operation.response().map_or(0, revision);
            sorted.last = sorted.last.max(shown);
            if is_about_keys(&operation.request) {
                sorted.add(history, place, operation, verdict);
            }
            ends.extend(end_of_lease(history, operation));
        }
        // Only what no call explains shows that a lease has ended.
        sorted.candidates.append(&mut ends);
        sorted
    }

    fn add(
        &mut self,
        history: &History,
        place: usize,
        operation: &Operation,
        verdict: &mut Verdict,
    ) {
        match &operation.outcome {
            Outcome::Unknown(_) => self.add_candidate(history, place, operation),
            // These depend on leases and compactions and are judged with them.
            Outcome::Refused(Error::LeaseNotFound | Error::Compacted | Error::FutureRevision) => {}
            // These depend on the server's bounds, its disk and its load.
            Outcome::Refused(
                error @ (Error::RequestTooLarge | Error::NoSpace | Error::TooManyRequests),
            ) => {
                let line = operation.called.line;
                verdict.leave(format!("whether the request of line {line} had to fail: {error}"));
            }
            Outcome::Refused(_) => self.floating.push(place),
            Outcome::Answered(response) => match (revision(response), changes(response)) {
                (0, true) => self.add_candidate(history, place, operation),
                (0, false) => self.floating.push(place),
                (revision, false) => self.reads.entry(revision).or_default().push(place),
                (revision, true) => self.add_write(history, revision, place, verdict),
            },
        }
    }

    fn add_write(&mut self, history: &History, revision: u64, place: usize, verdict: &mut Verdict) {
        let Some(twin) = self.writes.insert(revision, place) else { return };
        let both = [&history.operations[twin], &history.operations[place]];
        let how = format!("two writes at revision {revision}: {:?}\nand {:?}", both[0], both[1]);
        let lines = both.map(|operation| operation.ended.line);
        verdict.violate(Check::DenseRevisions, &lines, how);
    }

    fn add_candidate(&mut self, history: &History, place: usize, operation: &Operation) {
        if matches!(operation.request, Request::Range(_)) {
            return;
        }
        let answered = operation.response().map(|_| operation.ended.line);
        let domain = history.domain(operation.client);
        let until = answered.map_or(u64::MAX, |line| self.horizon.at(domain, line));
        if answered.is_some() {
            self.answered.push(self.candidates.len());
        }
        self.candidates.push(Candidate {
            author: Author::Call(place),
            after: operation.seen,
            until,
            answered,
            called: operation.called.line,
            domain,
        });
    }

    fn note_told(&mut self, history: &History) {
        let told = history.watchers.iter().flat_map(|watcher| &watcher.told);
        for response in told.map(|told| &told.response) {
            self.last = self.last.max(response.revision.0);
            for event in response.events.iter() {
                self.note_change(Event::from(event));
                if let Some(kv) = event.prev_kv.clone() {
                    let before = api::Event { deleted: false, kv, prev_kv: None };
                    self.note_change(Event::from(&before));
                }
            }
        }
    }

    fn note_ended(&mut self, stories: &Stories) {
        for (story, line) in stories.ended() {
            let later = self.horizon.at(story.domain, line);
            self.ended.entry(later).or_default().push((story.lease, line));
        }
    }

    fn note_change(&mut self, change: Event) {
        self.last = self.last.max(change.revision);
        let told = self.told.entry(change.revision).or_default();
        if !told.contains(&change) {
            told.push(change);
        }
    }
}

/// A lease that was granted may end, with its keys, at any time.
fn end_of_lease(history: &History, operation: &Operation) -> Option<Candidate> {
    let Request::LeaseGrant { lease: wanted, .. } = operation.request else { return None };
    let lease = match &operation.outcome {
        Outcome::Answered(Response::LeaseGrant { lease, .. }) => *lease,
        Outcome::Unknown(_) => wanted,
        _ => return None,
    };
    Some(Candidate {
        author: Author::EndOfLease { lease, sure: true },
        after: operation.seen,
        until: u64::MAX,
        answered: None,
        called: operation.called.line,
        domain: history.domain(operation.client),
    })
}
