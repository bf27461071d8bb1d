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
    /// The last generation that left a segment behind, with or without a frame.
    pub(super) last_generation: Generation,
    /// Segments behind the last frame of their log, in log order.
    pub(super) unused: Vec<SegmentId>,
    /// The segments that hold frames, in log order.
    pub(super) ends: Vec<SegmentEnd>,
}

impl Recovered {
    /// The second pass, from the start.
    #[must_use]
    pub fn replay(&self) -> Replay<'_> {
        Replay::new(self)
    }

    /// What may be given back to the file system: take them one after the other, each durable
    /// before the next, after the last generation's tails are synced and once nothing speaks
    /// against starting. A kill in between leaves a directory like any other.
    ///
    /// The last generation is left as it is. Its ids must not be used again, so it has to be the
    /// last until a later one is there; and its files' length tells a cut one from a damaged one.
    #[must_use]
    pub fn leftovers(&self) -> Vec<Leftover> {
        let earlier = |segment: SegmentId| segment.generation() < self.last_generation;
        // From the end of each log, so that no segment is ever missing before another one, and
        // all of them before the rests: only the last segment of a log may be cut.
        let unused = self.unused.iter().rev().filter(|&&segment| earlier(segment));
        let tails = self.tails.iter().filter(|tail| earlier(tail.segment) && tail.has_rest);
        let rests = tails.map(|tail| Leftover::Rest { segment: tail.segment, from: tail.end });
        unused.map(|&segment| Leftover::Segment(segment)).chain(rests).collect()
    }
}

/// Space of a log of an earlier generation that holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A segment behind all frames, to be removed.
    Segment(SegmentId),
    /// The bytes of a segment from an offset on, to be cut off.
    Rest {
        /// The segment.
        segment: SegmentId,
        /// The file's new length.
        from: u32,
    },
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
    /// Whether the segment's file goes on behind `end`.
    pub(super) has_rest: bool,
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
