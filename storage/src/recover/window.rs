//! A stretch of a segment that was read, and the frames in it.

use bytes::Bytes;

use crate::frame::{FrameHeader, FrameKind, HEADER_BYTES};
use crate::ids::{Location, SegmentId};
use crate::limits::{FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, READ_WINDOW_BYTES};
use crate::recover::RecoveryError;
use crate::segment::SegmentHeader;

/// Bytes that recovery needs: exactly `len` of them, block-aligned and inside the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The segment file.
    pub segment: SegmentId,
    /// The first byte.
    pub offset: u32,
    /// How many; at most a window or one frame, rounded up to blocks.
    pub len: u32,
}

impl ReadRequest {
    /// A window of `segment` from the block of `offset` on that reaches at least to `until`,
    /// or to the segment's end.
    pub(super) fn window(segment: &SegmentHeader, offset: u32, until: u32) -> Self {
        let start = offset - offset % segment.block_bytes;
        let until = until.max(start + READ_WINDOW_BYTES).min(segment.segment_bytes);
        let len = (until - start).next_multiple_of(segment.block_bytes);
        Self { segment: segment.id, offset: start, len }
    }

    /// The window that `bytes` were read for.
    pub(super) fn answered<'a>(
        self,
        segment: &'a SegmentHeader,
        bytes: &'a Bytes,
    ) -> Result<Window<'a>, RecoveryError> {
        if bytes.len() == self.len as usize {
            return Ok(Window { segment, start: self.offset, bytes });
        }
        let at = Location { segment: self.segment, offset: self.offset };
        Err(RecoveryError::ShortRead { at, expected: self.len, found: bytes.len() })
    }
}

/// What lies at an offset.
pub(super) enum Sight {
    /// A good frame.
    Frame(FrameHeader, Bytes),
    /// A good header with a damaged payload.
    Header(FrameHeader),
    /// No frame of this segment.
    Nothing,
    /// It takes bytes up to this offset to tell.
    Beyond(u32),
}

/// A stretch of a segment.
pub(super) struct Window<'a> {
    segment: &'a SegmentHeader,
    start: u32,
    bytes: &'a Bytes,
}

impl Window<'_> {
    /// The frame at `offset`, which is not before the window.
    pub(super) fn frame_at(&self, offset: u32) -> Sight {
        let sight = self.header_at(offset);
        let Sight::Header(header) = sight else { return sight };
        let end = offset + header.frame_len();
        if end > self.end() {
            return Sight::Beyond(end);
        }
        let payload = self.payload(offset, &header);
        match payload.filter(|payload| crc32c::crc32c(payload) == header.payload_crc) {
            Some(payload) => Sight::Frame(header, payload),
            None => Sight::Header(header),
        }
    }

    /// Only the header of the frame at `offset`.
    pub(super) fn header_at(&self, offset: u32) -> Sight {
        let end = offset + FRAME_HEADER_BYTES;
        if end > self.segment.segment_bytes {
            return Sight::Nothing;
        }
        if end > self.end() {
            return Sight::Beyond(end);
        }
        let bytes = &self.bytes[(offset - self.start) as usize..];
        match FrameHeader::decode(bytes, self.segment.salt) {
            Some(header) if self.is_possible(offset, &header) => Sight::Header(header),
            _ => Sight::Nothing,
        }
    }

    /// Whether a damaged frame seems to lie at `offset`.
    pub(super) fn resembles(&self, offset: u32) -> bool {
        let bytes = self.bytes.get((offset - self.start) as usize..).unwrap_or_default();
        FrameHeader::resembles(bytes, self.segment.id, self.segment.salt)
    }

    /// The payload of the frame at `offset`, unchecked, when the window holds all of it.
    pub(super) fn payload(&self, offset: u32, header: &FrameHeader) -> Option<Bytes> {
        let from = (offset - self.start) as usize + HEADER_BYTES;
        let to = from + header.payload_len as usize;
        (to <= self.bytes.len()).then(|| self.bytes.slice(from..to))
    }

    fn is_possible(&self, offset: u32, header: &FrameHeader) -> bool {
        header.segment == self.segment.id
            && header.payload_len <= MAX_PAYLOAD_BYTES
            && offset + header.frame_len() <= self.segment.segment_bytes
            && (header.kind != FrameKind::HardState || header.payload_len == 8)
    }

    fn end(&self) -> u32 {
        self.start + self.bytes.len() as u32
    }
}
