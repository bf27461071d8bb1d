//! The search for an order: revision by revision, with a memory of what has failed.
//!
//! As in Wing and Gong's search with Lowe's memory, a state (here: the changes so far and which
//! candidates are used) that has led nowhere is never entered again.

mod place;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use braid_core::ids::LeaseId;

use super::Timeline;
use super::floating;
use super::sort::{Candidate, Sorted};
use crate::history::History;
use crate::model::Model;
use crate::verdict::{Check, Verdict};

pub(super) use place::{apply, replay};

/// How many places are tried before the search gives up, unless the caller says otherwise.
pub const SEARCH_STEPS_MAX: u64 = 5_000_000;

/// Who has written a revision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Author {
    /// A call, by its place in the history.
    Call(usize),
    /// A lease that was revoked or has expired.
    EndOfLease {
        /// The lease.
        lease: LeaseId,
        /// No call without an answer can have made the same changes.
        sure: bool,
    },
}

/// Why a revision cannot be explained so.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub revision: u64,
    pub check: Check,
    pub lines: Vec<u64>,
    pub how: String,
}

/// Why the search cannot go on.
enum Stop {
    /// Not with the choices made so far.
    Fault(Fault),
    /// The bound is reached.
    Exhausted,
}

/// A revision whose author was chosen.
#[derive(Debug)]
struct Choice {
    revision: u64,
    candidate: usize,
    /// Its place among all that are tried, see [`Search::choose`].
    place: usize,
    /// The state behind it.
    state: u64,
}

/// The search under way.
pub struct Search<'a> {
    history: &'a History,
    sorted: &'a Sorted<'a>,
    model: Model,
    authors: Vec<Author>,
    /// A hash of all changes up to each revision from 1 on.
    states: Vec<u64>,
    used: Vec<bool>,
    choices: Vec<Choice>,
    failed: HashSet<u64>,
    steps_left: u64,
    /// The fault that was found furthest on, and who wrote all revisions before it.
    deepest: Option<(Fault, Vec<Author>)>,
}

impl<'a> Search<'a> {
    /// A search that tries at most `steps` places.
    pub fn new(history: &'a History, sorted: &'a Sorted<'a>, steps: u64) -> Self {
        Self {
            history,
            sorted,
            model: Model::new(history.head.max_txn_ops),
            authors: Vec::new(),
            states: vec![0],
            used: vec![false; sorted.candidates.len()],
            choices: Vec::new(),
            failed: HashSet::new(),
            steps_left: steps,
            deepest: None,
        }
    }

    /// Searches; what cannot be explained goes to `verdict`. The timeline ends before it.
    pub fn run(mut self, verdict: &mut Verdict) -> Timeline {
        let last = self.sorted.last;
        match self.search() {
            Ok(()) => {}
            Err(Stop::Exhausted) => {
                let reached = self.model.revision();
                let doubt = self.deepest.as_ref().map(|(fault, _)| fault.how.as_str());
                verdict.give_up(format!("the order of writes, about revision {reached}: too many are without an answer. {}", doubt.unwrap_or_default()));
                self.go_to(1);
                verdict.leave(format!("all revisions up to {last}, as their order is undecided"));
            }
            Err(Stop::Fault(fault)) => {
                verdict.violate(fault.check, &fault.lines, fault.how);
                self.go_on_to_the_deepest_fault();
                let reached = self.model.revision();
                verdict.leave(format!(
                    "all revisions after {reached}, of {last}: they depend on the broken one"
                ));
            }
        }
        for (check, count) in self.counts() {
            verdict.examine_times(check, count);
        }
        Timeline { model: self.model, authors: self.authors }
    }

    /// Takes the way again that led furthest.
    fn go_on_to_the_deepest_fault(&mut self) {
        let Some((fault, authors)) = self.deepest.take() else { return };
        self.go_to(1);
        self.authors.clear();
        let written = fault.revision.saturating_sub(2) as usize;
        for author in authors.into_iter().take(written) {
            replay(&mut self.model, author, |place| self.history.operations[place].request.clone());
            self.authors.push(author);
        }
    }

    fn search(&mut self) -> Result<(), Stop> {
        self.check_reads(1).map_err(Stop::Fault)?;
        loop {
            let revision = self.model.revision() + 1;
            let step = if revision <= self.sorted.last || self.is_incomplete() {
                self.step(revision)
            } else {
                match self.check_floating() {
                    Ok(()) => return Ok(()),
                    Err(fault) => Err(Stop::Fault(fault)),
                }
            };
            match step {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => self.back_track(fault)?,
                Err(exhausted) => return Err(exhausted),
            }
        }
    }

    /// Whether a write that was answered has no place yet.
    fn is_incomplete(&self) -> bool {
        self.answered_and_unused().next().is_some()
    }

    /// Explains one more revision.
    fn step(&mut self, revision: u64) -> Result<(), Stop> {
        match self.sorted.writes.get(&revision) {
            Some(write) => self.place(Author::Call(*write), revision).map_err(Stop::Fault),
            None => self.choose(revision, 0),
        }
    }

    /// Tries the candidates from `first` on: first all with which the watchers agree, then, as
    /// watchers may be wrong, all others. Places count on from one round to the next.
    fn choose(&mut self, revision: u64, first: usize) -> Result<(), Stop> {
        let count = self.sorted.candidates.len();
        let mut telling = None;
        for place in first..2 * count {
            let candidate = place % count;
            let tried = &self.sorted.candidates[candidate];
            if !self.fits(candidate, tried, revision) {
                continue;
            }
            self.steps_left = self.steps_left.checked_sub(1).ok_or(Stop::Exhausted)?;
            let author = self.sure(tried.author, revision);
            match self.place(author, revision) {
                Ok(())
                    if self.agrees(revision) == (place < count) && self.enter(revision, place) =>
                {
                    return Ok(());
                }
                Ok(()) => self.go_to(revision - 1),
                // That a candidate does not fit is no news; that answers are wrong behind it is.
                Err(fault) if fault.check == Check::DenseRevisions => {}
                Err(fault) => telling = Some(of_author(author, fault)),
            }
        }
        Err(Stop::Fault(telling.unwrap_or_else(|| self.unexplained(revision))))
    }

    /// Whether watchers were told just what is written at `revision`.
    fn agrees(&self, revision: u64) -> bool {
        self.sorted.witnesses.agree(revision, self.model.changes_at(revision))
    }

    /// An author that ends a lease, with whether nobody else can have done it.
    fn sure(&mut self, author: Author, revision: u64) -> Author {
        match author {
            Author::Call(_) => author,
            Author::EndOfLease { lease, .. } => {
                Author::EndOfLease { lease, sure: !self.has_twin(lease, revision) }
            }
        }
    }

    fn fits(&self, candidate: usize, tried: &Candidate, revision: u64) -> bool {
        let in_time = tried.after < revision && revision <= tried.until;
        in_time && !self.used[candidate] && !self.must_wait(tried)
    }

    /// Whether another answered write without a place had ended before this one was called.
    fn must_wait(&self, tried: &Candidate) -> bool {
        self.answered_and_unused().any(|other| {
            other.domain == tried.domain && other.answered.is_some_and(|line| line < tried.called)
        })
    }

    /// Writes that were answered and have no place yet.
    fn answered_and_unused(&self) -> impl Iterator<Item = &Candidate> {
        let unused = self.sorted.answered.iter().filter(|candidate| !self.used[**candidate]);
        unused.map(|candidate| &self.sorted.candidates[*candidate])
    }

    /// Goes on behind a candidate, unless that state has failed before.
    fn enter(&mut self, revision: u64, place: usize) -> bool {
        let candidate = place % self.sorted.candidates.len();
        self.used[candidate] = true;
        let mut hasher = DefaultHasher::new();
        (self.states.last(), &self.used).hash(&mut hasher);
        let state = hasher.finish();
        let fresh = !self.failed.contains(&state);
        if fresh {
            self.choices.push(Choice { revision, candidate, place, state });
        } else {
            self.used[candidate] = false;
        }
        fresh
    }

    /// Takes the last choice back, and the one before where it was the last possible one.
    fn back_track(&mut self, fault: Fault) -> Result<(), Stop> {
        self.note(fault);
        while let Some(choice) = self.choices.pop() {
            self.failed.insert(choice.state);
            self.used[choice.candidate] = false;
            self.go_to(choice.revision - 1);
            match self.choose(choice.revision, choice.place + 1) {
                Ok(()) => return Ok(()),
                Err(Stop::Fault(fault)) => self.note(fault),
                Err(exhausted) => return Err(exhausted),
            }
        }
        let deepest = self.deepest.as_ref().map(|(fault, _)| fault.clone());
        Err(deepest.map_or(Stop::Exhausted, Stop::Fault))
    }

    fn note(&mut self, fault: Fault) {
        if self.deepest.as_ref().is_none_or(|(deepest, _)| deepest.revision < fault.revision) {
            self.deepest = Some((fault, self.authors.clone()));
        }
    }

    /// Back to the state right after `revision`.
    fn go_to(&mut self, revision: u64) {
        self.model.return_to(revision.max(1));
        let written = self.model.revision() as usize - 1;
        self.authors.truncate(written);
        self.states.truncate(written + 1);
    }

    fn check_floating(&self) -> Result<(), Fault> {
        floating::check(self.history, self.sorted, &self.authors)
    }

    /// How often each check was made on what is established.
    fn counts(&self) -> [(Check, u64); 4] {
        let reached = self.model.revision();
        let reads = self.sorted.reads.range(..=reached).map(|(_, reads)| reads);
        let read = |place: &usize| &self.history.operations[*place];
        let ranges = reads
            .clone()
            .flatten()
            .filter(|place| matches!(read(place).request, braid_core::api::Request::Range(_)));
        let writes = self.sorted.writes.range(..=reached).count() as u64;
        let floating = self.sorted.floating.len() as u64;
        let answers = writes + floating + reads.map(|reads| reads.len() as u64).sum::<u64>();
        let ranges = ranges.count() as u64;
        [
            (Check::Linearizable, answers),
            (Check::DenseRevisions, reached - 1),
            (Check::Versions, ranges),
            (Check::Counts, ranges),
        ]
    }
}

/// Answers that are wrong behind the end of a lease show that not all of its keys have ended.
fn of_author(author: Author, fault: Fault) -> Fault {
    match author {
        Author::Call(_) => fault,
        Author::EndOfLease { .. } => Fault { check: Check::LeaseAtomic, ..fault },
    }
}
