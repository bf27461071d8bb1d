//! Why a data directory cannot be recovered.

use std::fmt;

use crate::frame::FrameHeader;
use crate::ids::{ClusterId, CoreId, Generation, GroupId, Location, MemberId, Revision, SegmentId};

/// Why recovery refuses. Nothing on disk was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// A newer build wrote the segment.
    #[error(
        "{}: format version {version} is newer than this build reads; run the version of braid \
         that wrote it, or a later one", .segment.file_name()
    )]
    NewerFormat {
        /// The segment.
        segment: SegmentId,
        /// Its format.
        version: u32,
    },
    /// The segment's first block cannot be read.
    #[error("{}: the segment header at offset 0 is damaged", .0.file_name())]
    DamagedHeader(SegmentId),
    /// The segment belongs to another member.
    #[error(
        "{}: the segment belongs to member {member:x} of cluster {cluster:x}, not to this data \
         directory", .segment.file_name(), member = .member.0, cluster = .cluster.0
    )]
    Foreign {
        /// The segment.
        segment: SegmentId,
        /// Its cluster.
        cluster: ClusterId,
        /// Its member.
        member: MemberId,
    },
    /// The file has another segment's name.
    #[error("{}: the file holds segment {}", .name.file_name(), .holds.file_name())]
    Renamed {
        /// What the file's name says.
        name: SegmentId,
        /// What its header says.
        holds: SegmentId,
    },
    /// The file is not as long as its header says.
    #[error("{}: the file has {found} bytes instead of {expected}", .segment.file_name())]
    Length {
        /// The segment.
        segment: SegmentId,
        /// Bytes by its header.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// A file is gone from the midst of a log.
    #[error(
        "{}: segment {ordinal} of core {core}'s log of generation {generation} is missing; {} \
         follows it", .segment.file_name(), .next.file_name()
    )]
    MissingSegment {
        /// The segment that is missing.
        segment: SegmentId,
        /// The log's generation.
        generation: Generation,
        /// The log's core.
        core: CoreId,
        /// The place in the log where it is missing.
        ordinal: u32,
        /// The segment that is there.
        next: SegmentId,
    },
    /// Bytes that were acknowledged are damaged.
    #[error(transparent)]
    Corrupt(Box<Corruption>),
    /// Entries of a group are missing between two that are there.
    #[error(
        "{at}: entry {index} of group {group} follows entry {last} in {after}: the entries \
         between them are missing"
    )]
    IndexGap {
        /// The group.
        group: GroupId,
        /// The last entry before the gap.
        last: u64,
        /// Where its payload lies.
        after: Location,
        /// The first entry behind the gap.
        index: u64,
        /// Where its payload lies.
        at: Location,
    },
    /// The driver's read did not bring what was asked for.
    #[error("{at}: {found} bytes were read instead of {expected}")]
    ShortRead {
        /// Where.
        at: Location,
        /// Bytes asked for.
        expected: u32,
        /// Bytes given.
        found: usize,
    },
    /// A frame that the scan found is not there any more.
    #[error("{0}: the frame changed while it was being recovered")]
    Changed(Location),
}

/// A bad place in front of frames that were written later. A write is only begun when the one
/// before it is durable, so what is bad was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// Where the frame that cannot be read should start.
    pub at: Location,
    /// The last good frame of the log before it.
    pub before: Option<FrameMark>,
    /// The first frame behind it that proves a later write.
    pub after: FrameMark,
}

/// A frame, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameMark {
    /// Where it starts.
    pub at: Location,
    /// The number of its write.
    pub write: u64,
    /// Its group.
    pub group: GroupId,
    /// Its raft index.
    pub index: u64,
    /// The durable W in it.
    pub durable_w: Revision,
    /// First and last revision of its batch, where they could be read.
    pub revisions: Option<(Revision, Revision)>,
}

impl FrameMark {
    pub(super) fn new(at: Location, header: &FrameHeader, payload: Option<&[u8]>) -> Self {
        Self {
            at,
            write: header.write,
            group: header.group,
            index: header.index,
            durable_w: header.durable_w,
            revisions: payload.and_then(crate::payload::revisions),
        }
    }
}

impl fmt::Display for FrameMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write {}, group {}, index {}", self.write, self.group, self.index)?;
        if let Some((first, last)) = self.revisions {
            write!(f, ", revisions {first} to {last}")?;
        }
        write!(f, ", watermark {}, {}", self.durable_w, self.at)
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: acknowledged data is damaged. Last good frame: ", self.at)?;
        match &self.before {
            Some(mark) => mark.fmt(f)?,
            None => f.write_str("none in this log")?,
        }
        write!(f, ". Next good write: {}", self.after)
    }
}

impl std::error::Error for Corruption {}
