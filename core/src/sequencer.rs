//! One core's part in the one revision order: it takes revisions, knows which of its own are in
//! flight, and computes the watermark.
//!
//! Invariant: the core's published bound is never above a revision that it has taken and not yet
//! *published* as committed. Between being committed and being published, a write's events leave
//! for the cores that watch; so a bound that is published for any other reason must not pass it.

use std::collections::VecDeque;
use std::sync::Arc;

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use crate::cells::Cells;

/// The sequencing state of one core.
pub struct Sequencer {
    cells: Arc<Cells>,
    core: CoreId,
    /// Revisions that are not published as committed, ascending.
    in_flight: VecDeque<InFlight>,
    /// The batch that is committed next.
    batch: CommitBatch,
}

struct InFlight {
    revision: Revision,
    /// Parts still to commit.
    pending: u32,
    /// The batch in which the last part was committed.
    batch: CommitBatch,
}

/// Names what was committed together. Published in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitBatch(u64);

impl Sequencer {
    /// The sequencer of `core`.
    #[must_use]
    pub fn new(cells: Arc<Cells>, core: CoreId) -> Self {
        Self { cells, core, in_flight: VecDeque::new(), batch: CommitBatch::default() }
    }

    /// Takes the next revision, with `parts` parts to be committed on this core.
    pub fn take(&mut self, parts: u32) -> Revision {
        assert!(parts > 0, "a revision without parts would never be committed");
        if self.in_flight.is_empty() {
            // A bound below whatever is taken from here on.
            let last = self.cells.last_taken();
            // As if the counter had been read a moment earlier, which alone does no harm.
            let bound = if planted(Bug::WatermarkGoesBack) { last } else { last.next() };
            self.cells.publish_in_flight(self.core, Some(bound));
        }
        let revision = self.cells.take();
        self.in_flight.push_back(InFlight { revision, pending: parts, batch: self.batch });
        revision
    }

    /// Takes over `parts` parts of a revision that a core of a lower number (the coordinator's is
    /// 0) or this one has taken and still covers. When this returns, this core covers it too.
    pub fn adopt(&mut self, revision: Revision, parts: u32) {
        assert!(parts > 0, "an adopted revision has parts");
        let at = self.in_flight.partition_point(|known| known.revision < revision);
        match self.in_flight.get_mut(at) {
            Some(known) if known.revision == revision => known.pending += parts,
            _ => {
                let adopted = InFlight { revision, pending: parts, batch: self.batch };
                self.in_flight.insert(at, adopted);
            }
        }
        self.cover();
    }

    /// One part of `revision` is committed. [`Self::publish`] makes it known.
    pub fn committed(&mut self, revision: Revision) {
        let at = self.in_flight.partition_point(|known| known.revision < revision);
        let known = &mut self.in_flight[at];
        assert!(
            known.revision == revision && known.pending > 0,
            "revision {revision} is not in flight here"
        );
        known.pending -= 1;
        known.batch = self.batch;
    }

    /// Ends the batch of what was committed since the last call.
    pub fn end_batch(&mut self) -> CommitBatch {
        let ended = self.batch;
        self.batch.0 += 1;
        ended
    }

    /// The events of everything committed up to this batch have left: publishes the lowest
    /// revision still in flight.
    pub fn publish(&mut self, upto: CommitBatch) {
        let published = |known: &InFlight| known.pending == 0 && known.batch <= upto;
        while self.in_flight.front().is_some_and(published) {
            self.in_flight.pop_front();
        }
        self.cover();
    }

    fn cover(&self) {
        let lowest = self.in_flight.front().map(|known| known.revision);
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

    /// The revisions in flight here, ascending, each with the parts that are still to commit.
    pub fn pending(&self) -> impl Iterator<Item = (Revision, u32)> {
        self.in_flight.iter().map(|known| (known.revision, known.pending))
    }

    /// The cells that this core shares with the others.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }
}
