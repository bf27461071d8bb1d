//! A frame: the unit that the log is made of, a header of 64 bytes and a payload.
//!
//! The header has a checksum of its own, so that a frame can be recognized, and its length
//! believed, before its payload is read. That checksum is seeded with the segment's salt: bytes
//! that a client stored can never be taken for a frame, wherever they lie.

use bytes::{Buf, BufMut};

use crate::ids::{GroupId, Revision, SegmentId};
use crate::limits::FRAME_HEADER_BYTES;

/// Bytes of an encoded header.
pub const HEADER_BYTES: usize = FRAME_HEADER_BYTES as usize;

/// The first bytes of each frame; the last of them is the format's version.
const MAGIC: [u8; 4] = *b"BRF\x01";
/// The header's checksum covers everything behind it.
const CHECKED_FROM: usize = 8;
const SEGMENT_AT: usize = 24;
const FLAG_LAST: u8 = 1;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A raft entry: `term`, `index`, and the entry's payload.
    Entry,
    /// A group's hard state: `term`, the commit index in `index`, the vote as 8 bytes of payload.
    HardState,
    /// Only the durable W; without group, term, index and payload.
    Note,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame holds.
    pub kind: FrameKind,
    /// Whether it is the last frame of its write.
    pub last: bool,
    /// The raft group.
    pub group: GroupId,
    /// Bytes of payload.
    pub payload_len: u32,
    /// CRC-32C of the payload.
    pub payload_crc: u32,
    /// The segment that the frame was written to; what an earlier use of the file left differs.
    pub segment: SegmentId,
    /// Which write of its log the frame belongs to: 1 for the first, then +1.
    pub write: u64,
    /// The frame's 0-based place in its write.
    pub place: u32,
    /// Raft term.
    pub term: u64,
    /// Raft index.
    pub index: u64,
    /// The watermark when the write was taken.
    pub durable_w: Revision,
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            Self::Entry => 1,
            Self::HardState => 2,
            Self::Note => 3,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Entry),
            2 => Some(Self::HardState),
            3 => Some(Self::Note),
            _ => None,
        }
    }
}

impl FrameHeader {
    /// Bytes of the whole frame.
    #[must_use]
    pub const fn frame_len(&self) -> u32 {
        FRAME_HEADER_BYTES.saturating_add(self.payload_len)
    }

    /// The header as it lies on disk, checksummed with the segment's `salt`.
    #[must_use]
    pub fn encode(&self, salt: u32) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        self.put_fields(&mut header[CHECKED_FROM..]);
        let crc = crc32c::crc32c_append(salt, &header[CHECKED_FROM..]);
        header[..4].copy_from_slice(&MAGIC);
        header[4..CHECKED_FROM].copy_from_slice(&crc.to_le_bytes());
        header
    }

    fn put_fields(&self, mut fields: &mut [u8]) {
        fields.put_u32_le(self.payload_crc);
        fields.put_u32_le(self.payload_len);
        fields.put_u8(self.kind.code());
        fields.put_u8(if self.last { FLAG_LAST } else { 0 });
        fields.put_u16_le(self.group.0);
        fields.put_u32_le(self.place);
        fields.put_u64_le(self.segment.0);
        fields.put_u64_le(self.write);
        fields.put_u64_le(self.term);
        fields.put_u64_le(self.index);
        fields.put_u64_le(self.durable_w.0);
    }

    /// The header at the start of `bytes`; `None` when there is none of a segment with this
    /// `salt`, or a bit of it is wrong.
    #[must_use]
    pub fn decode(bytes: &[u8], salt: u32) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER_BYTES>()?;
        let (mut preamble, mut fields) = header.split_at(CHECKED_FROM);
        if !preamble.starts_with(&MAGIC) {
            return None;
        }
        preamble.advance(MAGIC.len());
        let genuine = preamble.get_u32_le() == crc32c::crc32c_append(salt, fields);
        if genuine { Self::get_fields(&mut fields) } else { None }
    }

    /// Whether `bytes`, which hold no good header, look like a damaged one of this segment: they
    /// name it, or would be good if they did. Only fit for a report: a client's bytes may look so.
    pub(crate) fn resembles(bytes: &[u8], segment: SegmentId, salt: u32) -> bool {
        let Some(mut header) = bytes.first_chunk::<HEADER_BYTES>().copied() else { return false };
        let named = &mut header[SEGMENT_AT..SEGMENT_AT + 8];
        let names_it = named == segment.0.to_le_bytes();
        named.copy_from_slice(&segment.0.to_le_bytes());
        names_it || Self::decode(&header, salt).is_some()
    }

    /// Evaluation order of the fields is the order on disk.
    fn get_fields(fields: &mut &[u8]) -> Option<Self> {
        let (payload_crc, payload_len) = (fields.get_u32_le(), fields.get_u32_le());
        let (kind, flags) = (FrameKind::from_code(fields.get_u8())?, fields.get_u8());
        if flags & !FLAG_LAST != 0 {
            return None;
        }
        Some(Self {
            kind,
            last: flags == FLAG_LAST,
            payload_len,
            payload_crc,
            group: GroupId(fields.get_u16_le()),
            place: fields.get_u32_le(),
            segment: SegmentId(fields.get_u64_le()),
            write: fields.get_u64_le(),
            term: fields.get_u64_le(),
            index: fields.get_u64_le(),
            durable_w: Revision(fields.get_u64_le()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: u32 = 0x5eed;

    fn header() -> FrameHeader {
        FrameHeader {
            kind: FrameKind::Entry,
            last: true,
            group: GroupId(0x0102),
            payload_len: 0x0304_0506,
            payload_crc: 0x0708_090a,
            segment: SegmentId(0x1112_1314_1516_1718),
            write: 0x2122_2324_2526_2728,
            place: 0x3132_3334,
            term: 0x4142_4344_4546_4748,
            index: 0x5152_5354_5556_5758,
            durable_w: Revision(0x6162_6364_6566_6768),
        }
    }

    #[test]
    fn golden_bytes() {
        let expected = [
            "42524601",
            "0f83efcc",
            "0a090807",
            "06050403",
            "01010201",
            "34333231",
            "1817161514131211",
            "2827262524232221",
            "4847464544434241",
            "5857565554535251",
            "6867666564636261",
        ];
        let bytes = header().encode(SALT).map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn round_trip() {
        for kind in [FrameKind::Entry, FrameKind::HardState, FrameKind::Note] {
            for last in [false, true] {
                let header = FrameHeader { kind, last, ..header() };
                assert_eq!(FrameHeader::decode(&header.encode(SALT), SALT), Some(header));
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let genuine = header().encode(SALT);
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = genuine;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::decode(&bytes, SALT), None, "bit {bit}");
        }
    }

    #[test]
    fn another_salt_and_a_short_slice_are_refused() {
        let bytes = header().encode(SALT);
        assert_eq!(FrameHeader::decode(&bytes, SALT + 1), None);
    }

    #[test]
    fn a_damaged_header_is_told_from_another_segments() {
        let genuine = header().encode(SALT);
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = genuine;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHeader::resembles(&bytes, header().segment, SALT), "bit {bit}");
        }
        assert!(!FrameHeader::resembles(&genuine, SegmentId(1), SALT));
        assert!(!FrameHeader::resembles(&[0; HEADER_BYTES], SegmentId(1), SALT));
    }
}
