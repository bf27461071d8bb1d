//! The few cells that the cores of a member publish to each other.
//!
//! Everything else a core owns alone. Each cell is written by one core and read by all, but for
//! the counter and the watermark, which only grow.
//!
//! # Why W never passes a write in flight
//! A core publishes a lower bound *before* it takes a revision, and a reader of the cells loads
//! the counter *before* it loads them. If the reader missed the bound, it loaded the cell before
//! the bound was stored, hence the counter before the revision was taken: its candidate lies below
//! that revision. A revision that moves from one core's cover to another's moves from a lower core
//! to a higher one, and bounds are loaded in ascending order: who misses the old cover sees the new
//! one. And whoever commits last sees that all others have. This needs one total order over these
//! operations, hence `SeqCst` throughout.
//!
//! This file and the sequencer's name no atomics of their own, so that a model checker can build
//! them with its own: `core/tests/cells_model.rs` goes through the interleavings.

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use super::atomics::{AtomicU64, Ordering::SeqCst};

/// "Nothing in flight", "waits for nothing", "nothing pinned".
const NOTHING: u64 = u64::MAX;

/// A value on a cache line of its own: two lines, because processors fetch pairs of them.
#[repr(align(128))]
struct OwnLine<T>(T);

/// The cells of one member.
pub struct Cells {
    /// The last revision that was taken.
    counter: OwnLine<AtomicU64>,
    /// The watermark: every revision up to it is committed in every shard it touches.
    watermark: OwnLine<AtomicU64>,
    /// How many cores wait for room on the disk.
    out_of_space: OwnLine<AtomicU64>,
    cores: Box<[OwnLine<CoreCells>]>,
}

struct CoreCells {
    /// No revision below this one is in flight on the core.
    in_flight: AtomicU64,
    /// The lowest revision that somebody on the core waits for.
    waiting: AtomicU64,
    /// No running read of the core needs history below this revision.
    pinned: AtomicU64,
}

impl Cells {
    /// Cells for `cores` cores whose history ends at `last`.
    #[must_use]
    pub fn new(cores: u16, last: Revision) -> Self {
        let idle = |_| {
            OwnLine(CoreCells {
                in_flight: AtomicU64::new(NOTHING),
                waiting: AtomicU64::new(NOTHING),
                pinned: AtomicU64::new(NOTHING),
            })
        };
        Self {
            counter: OwnLine(AtomicU64::new(last.0)),
            watermark: OwnLine(AtomicU64::new(last.0)),
            out_of_space: OwnLine(AtomicU64::new(0)),
            cores: (0..cores).map(idle).collect(),
        }
    }

    /// How many cores the member has.
    #[must_use]
    pub fn cores(&self) -> u16 {
        self.cores.len() as u16
    }

    /// The last revision that any core has taken.
    #[must_use]
    pub fn last_taken(&self) -> Revision {
        Revision(self.counter.0.load(SeqCst))
    }

    /// Takes the next revision. The core's bound must be published already.
    #[must_use]
    pub fn take(&self) -> Revision {
        if planted(Bug::ReuseRevision) {
            return self.last_taken();
        }
        Revision(self.counter.0.fetch_add(1, SeqCst) + 1)
    }

    /// Publishes that nothing below `lowest` is in flight on `core`; `None`: nothing at all.
    pub fn publish_in_flight(&self, core: CoreId, lowest: Option<Revision>) {
        self.core(core).in_flight.store(lowest.map_or(NOTHING, |r| r.0), SeqCst);
    }

    /// Publishes the lowest revision that `core` waits for. The caller looks at the watermark
    /// once more afterwards: whoever raised it in between did not see this.
    pub fn publish_waiting(&self, core: CoreId, lowest: Option<Revision>) {
        self.core(core).waiting.store(lowest.map_or(NOTHING, |r| r.0), SeqCst);
    }

    /// Publishes the oldest revision that a running read of `core` needs.
    pub fn publish_pinned(&self, core: CoreId, lowest: Option<Revision>) {
        self.core(core).pinned.store(lowest.map_or(NOTHING, |r| r.0), SeqCst);
    }

    /// The published watermark.
    #[must_use]
    pub fn watermark(&self) -> Revision {
        Revision(self.watermark.0.load(SeqCst))
    }

    /// Computes the watermark anew, raises the published one to it, and returns the larger of the
    /// two: what may be acknowledged.
    #[must_use]
    pub fn raise_watermark(&self) -> Revision {
        let taken = self.last_taken();
        self.raise_to(taken.min(self.below_in_flight()))
    }

    /// The last revision below everything in flight, as far as the cores' bounds tell.
    pub(super) fn below_in_flight(&self) -> Revision {
        let bounds = self.cores.iter().map(|core| core.0.in_flight.load(SeqCst));
        Revision(bounds.fold(NOTHING, u64::min) - 1)
    }

    /// Raises the published watermark unless it is there already; what it is now at least.
    pub(super) fn raise_to(&self, candidate: Revision) -> Revision {
        if planted(Bug::WatermarkGoesBack) {
            return candidate;
        }
        // Mostly it is, and cores that only look do not take the cache line from each other.
        let published = self.watermark();
        if published >= candidate {
            return published;
        }
        let before = self.watermark.0.fetch_max(candidate.0, SeqCst);
        candidate.max(Revision(before))
    }

    /// One more core found no room on the disk for its log to grow.
    pub fn lose_space(&self) {
        self.out_of_space.0.fetch_add(1, SeqCst);
    }

    /// A core that had called [`Self::lose_space`] found room.
    pub fn find_space(&self) {
        self.out_of_space.0.fetch_sub(1, SeqCst);
    }

    /// Whether every core's log has room to grow. All share one disk, so where one has none the
    /// others will not find any.
    #[must_use]
    pub fn have_space(&self) -> bool {
        self.out_of_space.0.load(SeqCst) == 0
    }

    /// The other cores that wait for a revision up to `watermark`.
    pub fn waiting_cores(&self, watermark: Revision, own: CoreId) -> impl Iterator<Item = CoreId> {
        let waits = move |core: &CoreId| self.core(*core).waiting.load(SeqCst) <= watermark.0;
        (0..self.cores()).map(CoreId).filter(move |core| *core != own).filter(waits)
    }

    /// The oldest revision that any running read needs, if there is one.
    #[must_use]
    pub fn lowest_pinned(&self) -> Option<Revision> {
        let lowest = self.cores.iter().map(|core| core.0.pinned.load(SeqCst)).min()?;
        (lowest != NOTHING).then_some(Revision(lowest))
    }

    fn core(&self, core: CoreId) -> &CoreCells {
        &self.cores[usize::from(core.0)].0
    }
}
