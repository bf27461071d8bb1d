//! One core's part in the one revision order: it takes revisions, knows which of its own are in
//! flight, and computes the watermark.
//!
//! Invariant: the core's published bound is never above a revision that it has taken and not yet
//! reported as committed in all of its parts.

use std::collections::VecDeque;
use std::sync::Arc;

use braid_storage::ids::{CoreId, Revision};

use crate::cells::Cells;

/// The sequencing state of one core.
pub struct Sequencer {
    cells: Arc<Cells>,
    core: CoreId,
    /// Revisions in flight here, ascending, with the number of parts still to commit.
    in_flight: VecDeque<(Revision, u32)>,
    /// Whether a bound below the next revision is published.
    taking: bool,
}

impl Sequencer {
    /// The sequencer of `core`.
    #[must_use]
    pub fn new(cells: Arc<Cells>, core: CoreId) -> Self {
        Self { cells, core, in_flight: VecDeque::new(), taking: false }
    }

    /// Takes the next revision, with `parts` parts to be committed on this core.
    pub fn take(&mut self, parts: u32) -> Revision {
        assert!(parts > 0, "a revision without parts would never be committed");
        self.begin_taking();
        let revision = self.cells.take();
        self.in_flight.push_back((revision, parts));
        revision
    }

    /// Before the first revision of a batch: publishes a bound below whatever it will take.
    fn begin_taking(&mut self) {
        if !self.taking && self.in_flight.is_empty() {
            self.cells.publish_in_flight(self.core, Some(self.cells.last_taken().next()));
        }
        self.taking = true;
    }

    /// Takes over `parts` parts of a revision that another core has taken and still covers. When
    /// this returns, this core covers it too.
    pub fn adopt(&mut self, revision: Revision, parts: u32) {
        assert!(parts > 0, "an adopted revision has parts");
        let at = self.in_flight.partition_point(|(r, _)| *r < revision);
        match self.in_flight.get_mut(at) {
            Some((r, pending)) if *r == revision => *pending += parts,
            _ => self.in_flight.insert(at, (revision, parts)),
        }
        self.publish();
    }

    /// One part of `revision` is committed. [`Self::publish`] makes it known.
    pub fn committed(&mut self, revision: Revision) {
        let at = self.in_flight.partition_point(|(r, _)| *r < revision);
        let (found, pending) = &mut self.in_flight[at];
        assert!(*found == revision && *pending > 0, "revision {revision} is not in flight here");
        *pending -= 1;
        while self.in_flight.front().is_some_and(|(_, pending)| *pending == 0) {
            self.in_flight.pop_front();
        }
    }

    /// Publishes the lowest revision in flight. Events of what was committed must have been sent
    /// before.
    pub fn publish(&mut self) {
        let lowest = self.in_flight.front().map(|(revision, _)| *revision);
        self.taking = false;
        self.cells.publish_in_flight(self.core, lowest);
    }

    /// The watermark, computed now.
    #[must_use]
    pub fn watermark(&self) -> Revision {
        self.cells.raise_watermark()
    }

    /// How many revisions are in flight here.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The cells that this core shares with the others.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_cores() -> (Sequencer, Sequencer) {
        let cells = Arc::new(Cells::new(2, Revision::FRESH));
        (Sequencer::new(cells.clone(), CoreId(0)), Sequencer::new(cells, CoreId(1)))
    }

    #[test]
    fn the_watermark_stops_below_the_lowest_revision_in_flight() {
        let (mut a, mut b) = two_cores();
        let first = a.take(1);
        let second = b.take(1);
        assert_eq!((first, second), (Revision(2), Revision(3)));
        b.committed(second);
        b.publish();
        assert_eq!(b.watermark(), Revision(1));
        a.committed(first);
        a.publish();
        assert_eq!(b.watermark(), Revision(3));
    }

    #[test]
    fn an_idle_core_holds_nobody_back() {
        let (mut a, b) = two_cores();
        let revision = a.take(1);
        a.committed(revision);
        a.publish();
        assert_eq!(b.watermark(), revision);
    }

    #[test]
    fn an_adopted_revision_is_covered_by_both_cores() {
        let (mut a, mut b) = two_cores();
        let revision = a.take(2);
        let later = b.take(1);
        b.adopt(revision, 1);
        a.committed(revision);
        a.committed(revision);
        a.publish();
        b.committed(later);
        b.publish();
        assert_eq!(a.watermark(), Revision(1));
        b.committed(revision);
        b.publish();
        assert_eq!(a.watermark(), later);
    }

    #[test]
    fn parts_commit_one_by_one() {
        let (mut a, _) = two_cores();
        let revision = a.take(2);
        a.committed(revision);
        a.publish();
        assert_eq!(a.watermark(), Revision(1));
        a.committed(revision);
        a.publish();
        assert_eq!(a.watermark(), revision);
    }
}
