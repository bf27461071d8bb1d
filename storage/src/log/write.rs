//! One group-commit write: frames without gaps, from a block boundary on.

use bytes::Bytes;

use crate::frame::{FrameHeader, FrameKind, HEADER_BYTES};
use crate::ids::{GroupId, Location, Revision};
use crate::limits::FRAME_HEADER_BYTES;
use crate::segment::SegmentHeader;

/// A write for the driver: copy it out, write it at its place, sync, then tell the log.
#[derive(Clone, Debug)]
pub struct Write {
    segment: SegmentHeader,
    offset: u32,
    number: u64,
    durable_w: Revision,
    frames: Vec<Frame>,
    frames_len: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) group: GroupId,
    pub(super) term: u64,
    pub(super) index: u64,
    pub(super) payload: Bytes,
}

impl Frame {
    pub(super) fn len(&self) -> u32 {
        FRAME_HEADER_BYTES + self.payload.len() as u32
    }
}

impl Write {
    pub(super) fn new(segment: SegmentHeader, offset: u32, number: u64) -> Self {
        let (durable_w, frames) = (Revision::default(), Vec::new());
        Self { segment, offset, number, durable_w, frames, frames_len: 0 }
    }

    /// Adds a frame at the end; where its payload will lie.
    pub(super) fn push(&mut self, frame: Frame) -> Location {
        let offset = self.offset + self.frames_len + FRAME_HEADER_BYTES;
        self.frames_len += frame.len();
        self.frames.push(frame);
        Location { segment: self.segment.id, offset }
    }

    pub(super) fn stamp(&mut self, durable_w: Revision) {
        self.durable_w = durable_w;
    }

    /// Bytes of the frames, without padding.
    pub(super) fn frames_len(&self) -> u32 {
        self.frames_len
    }

    /// The segment that it goes to.
    #[must_use]
    pub fn segment(&self) -> &SegmentHeader {
        &self.segment
    }

    /// Where in the segment's file it starts: a multiple of the block size.
    #[must_use]
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// Its number in the log: 1 for the first, then +1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The watermark that all of its frames carry.
    #[must_use]
    pub fn durable_w(&self) -> Revision {
        self.durable_w
    }

    /// Bytes with padding: a multiple of the block size, never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a write without a frame does not exist")]
    pub fn len(&self) -> u32 {
        self.frames_len.next_multiple_of(self.segment.block_bytes)
    }

    /// Group, term and index of its raft entries, in log order.
    pub fn entries(&self) -> impl Iterator<Item = (GroupId, u64, u64)> + '_ {
        let entries = self.frames.iter().filter(|frame| frame.kind == FrameKind::Entry);
        entries.map(|frame| (frame.group, frame.term, frame.index))
    }

    /// Writes frames and padding to `target`, which has [`Self::len`] bytes of any content.
    ///
    /// # Panics
    /// When `target` has another length.
    pub fn copy_to(&self, target: &mut [u8]) {
        assert_eq!(target.len(), self.len() as usize, "the buffer is as long as the write");
        let mut at = 0;
        for (place, frame) in (0..).zip(&self.frames) {
            let header = self.header(place, frame).encode(self.segment.salt);
            let payload_at = at + HEADER_BYTES;
            let end = payload_at + frame.payload.len();
            target[at..payload_at].copy_from_slice(&header);
            target[payload_at..end].copy_from_slice(&frame.payload);
            at = end;
        }
        target[at..].fill(0);
    }

    fn header(&self, place: u32, frame: &Frame) -> FrameHeader {
        FrameHeader {
            kind: frame.kind,
            last: place as usize + 1 == self.frames.len(),
            group: frame.group,
            payload_len: frame.payload.len() as u32,
            payload_crc: crc32c::crc32c(&frame.payload),
            segment: self.segment.id,
            write: self.number,
            place,
            term: frame.term,
            index: frame.index,
            durable_w: self.durable_w,
        }
    }
}
