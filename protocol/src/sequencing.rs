//! The counter, the cells and the sequencers of a reign: the engine's own, rebuilt from the
//! model's state for each step and read back after it.

use std::sync::Arc;

use braid_core::cells::Cells;
use braid_core::ids::{CoreId, Revision};
use braid_core::sequencer::Sequencer;

/// The sequencing state of a leader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequencing {
    /// The last revision that was taken.
    pub counter: Revision,
    /// The published watermark.
    pub watermark: Revision,
    /// By core: the revisions in flight, each with the parts that are still to commit.
    pub in_flight: Vec<Vec<(Revision, u32)>>,
}

impl Sequencing {
    /// Nothing in flight after `last`.
    #[must_use]
    pub fn new(cores: u8, last: Revision) -> Self {
        Self { counter: last, watermark: last, in_flight: vec![vec![]; usize::from(cores)] }
    }

    /// Whether some core waits for a part of the revision to be committed.
    #[must_use]
    pub fn has_in_flight(&self, revision: Revision) -> bool {
        self.in_flight.iter().flatten().any(|known| known.0 == revision && known.1 > 0)
    }

    /// Runs `step` on the engine's sequencers, one a core.
    pub fn run<T>(&mut self, step: impl FnOnce(&mut [Sequencer]) -> T) -> T {
        let mut sequencers = self.build();
        let result = step(&mut sequencers);
        self.counter = sequencers[0].cells().last_taken();
        self.watermark = sequencers[0].cells().watermark();
        self.in_flight = sequencers.iter().map(|core| core.pending().collect()).collect();
        result
    }

    /// A core publishes what is committed on it.
    pub fn publish(&mut self, core: usize) {
        self.run(|cores| {
            let batch = cores[core].end_batch();
            cores[core].publish(batch);
        });
    }

    /// A core that read the `counter` a while ago reads the cells, raises the watermark and
    /// returns what it may act on. Only a planted bug leaves out what others have published.
    pub fn raise(&mut self, core: usize, counter: Revision, alone: bool) -> Revision {
        let watermark = if alone { Revision::FRESH } else { self.watermark };
        let mut then = Self { counter, watermark, ..self.clone() };
        let raised = then.run(|cores| cores[core].watermark());
        self.watermark = self.watermark.max(then.watermark);
        raised
    }

    fn build(&self) -> Vec<Sequencer> {
        let cells = Arc::new(Cells::new(self.in_flight.len() as u16, self.watermark));
        while cells.last_taken() < self.counter {
            let _ = cells.take();
        }
        let cores = (0..).map(CoreId).zip(&self.in_flight);
        cores.map(|(core, in_flight)| restore(cells.clone(), core, in_flight)).collect()
    }
}

fn restore(cells: Arc<Cells>, core: CoreId, in_flight: &[(Revision, u32)]) -> Sequencer {
    let mut sequencer = Sequencer::new(cells, core);
    for &(revision, pending) in in_flight {
        sequencer.adopt(revision, pending.max(1));
        if pending == 0 {
            sequencer.committed(revision);
        }
    }
    sequencer
}
