//! Which segments there are, and whether any is missing, damaged or foreign.

use bytes::Bytes;

use crate::ids::{ClusterId, Generation, MemberId, SegmentId};
use crate::recover::RecoveryError;
use crate::segment::{HeaderError, SegmentHeader, is_segment_size};

/// A segment file as the driver finds it.
#[derive(Clone, Debug)]
pub struct SegmentFile {
    /// The id in the file's name.
    pub id: SegmentId,
    /// The file's length.
    pub len: u64,
    /// The file's first [`crate::limits::MAX_BLOCK_BYTES`], or all of it when it is shorter.
    pub first_block: Bytes,
}

/// The segments of a data directory in log order: by generation, then core, then place.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub(super) segments: Vec<SegmentHeader>,
}

impl Inventory {
    /// Checks the segments of the data directory of `member` in `cluster`, given in any order.
    ///
    /// # Errors
    /// The first thing that is wrong with them, in log order.
    pub fn new(
        cluster: ClusterId,
        member: MemberId,
        mut files: Vec<SegmentFile>,
    ) -> Result<Self, RecoveryError> {
        // An id is made of generation, core and place, in this order.
        files.sort_by_key(|file| file.id);
        let mut segments = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            let header = check_file(file, may_be_cut(file.id, &files[at + 1..]))?;
            if (header.cluster, header.member) != (cluster, member) {
                let (segment, cluster, member) = (header.id, header.cluster, header.member);
                return Err(RecoveryError::Foreign { segment, cluster, member });
            }
            check_place(segments.last(), &header)?;
            segments.push(header);
        }
        Ok(Self { segments })
    }

    /// The generation that this start of the member must use.
    #[must_use]
    pub fn next_generation(&self) -> Generation {
        Generation(self.last_generation().0 + 1)
    }

    /// The last one that left a segment behind; 0 for none.
    pub(super) fn last_generation(&self) -> Generation {
        self.segments.last().map_or(Generation(0), |last| last.generation)
    }
}

/// Whether the unused rest of a segment may have been given back: see
/// [`Leftover`](crate::recover::Leftover). `later` are the files behind it.
fn may_be_cut(segment: SegmentId, later: &[SegmentFile]) -> bool {
    let ends_log = later.first().is_none_or(|next| !next.id.is_same_log(segment));
    ends_log && later.last().is_some_and(|last| last.id.generation() > segment.generation())
}

/// The file's header; when the file was cut, with the length that is left.
fn check_file(file: &SegmentFile, may_be_cut: bool) -> Result<SegmentHeader, RecoveryError> {
    let header = SegmentHeader::decode(&file.first_block).map_err(|error| match error {
        HeaderError::Damaged => RecoveryError::DamagedHeader(file.id),
        HeaderError::Newer(version) => RecoveryError::NewerFormat { segment: file.id, version },
    })?;
    if header.id != file.id {
        return Err(RecoveryError::Renamed { name: file.id, holds: header.id });
    }
    let expected = u64::from(header.segment_bytes);
    match u32::try_from(file.len) {
        Ok(len) if len == header.segment_bytes => Ok(header),
        Ok(len)
            if may_be_cut
                && len < header.segment_bytes
                && is_segment_size(len, header.block_bytes) =>
        {
            Ok(SegmentHeader { segment_bytes: len, ..header })
        }
        _ => Err(RecoveryError::Length { segment: file.id, expected, found: file.len }),
    }
}

/// Each log starts with its segment 0 and goes on without a gap.
fn check_place(
    previous: Option<&SegmentHeader>,
    header: &SegmentHeader,
) -> Result<(), RecoveryError> {
    let (generation, core) = (header.generation, header.core);
    let same_log = previous.filter(|previous| previous.id.is_same_log(header.id));
    let ordinal = same_log.map_or(0, |previous| previous.ordinal + 1);
    match SegmentId::compose(generation, core, ordinal) {
        Some(segment) if segment != header.id => {
            let next = header.id;
            Err(RecoveryError::MissingSegment { segment, generation, core, ordinal, next })
        }
        _ => Ok(()),
    }
}
