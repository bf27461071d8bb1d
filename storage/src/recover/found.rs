//! What the first pass found.

use std::collections::BTreeMap;

use crate::ids::{CoreId, Generation, GroupId, Location, Revision, SegmentId};
use crate::recover::{GroupState, Replay};
use crate::segment::SegmentHeader;

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The highest watermark in any frame: everything up to it was acknowledged.
    pub durable_w: Revision,
    /// The raft groups that have a frame.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// The logs' ends, in log order; a log without a frame has none. Before anything relies on
    /// what was recovered, the driver syncs the files of the last generation: a killed process
    /// leaves bytes that can be read and yet are not durable.
    pub tails: Vec<LogTail>,
    /// The torn writes.
    pub cuts: Vec<Cut>,
    /// Segments without a frame that counts. They may be removed or recycled once the first
    /// segments of this generation are durable, not before: else their ids could be used again.
    pub unused: Vec<SegmentId>,
    /// The segments that hold frames, in log order.
    pub(super) ends: Vec<SegmentEnd>,
}

impl Recovered {
    /// The second pass, from the start.
    #[must_use]
    pub fn replay(&self) -> Replay<'_> {
        Replay::new(self)
    }
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogTail {
    /// The log's generation.
    pub generation: Generation,
    /// The log's core.
    pub core: CoreId,
    /// The last segment that holds a frame.
    pub segment: SegmentId,
    /// Behind the padding of its last frame; nothing from here on belongs to the log.
    pub end: u32,
    /// The number of the last write that has a frame.
    pub write: u64,
}

/// A torn write: it was never acknowledged, and what is left of it behind `at` is ignored, on this
/// and every later recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where the first frame that cannot be read starts, or should.
    pub at: Location,
    /// The write's number.
    pub write: u64,
    /// How many frames at its start are whole, and kept.
    pub kept_frames: u32,
}

/// A segment of the log, and where its last frame ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentEnd {
    pub(super) header: SegmentHeader,
    pub(super) end: u32,
}
