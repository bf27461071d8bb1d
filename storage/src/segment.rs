//! The first block of a segment file: whose it is, and where it stands in its log.

use bytes::{Buf, BufMut};

use crate::ids::{ClusterId, CoreId, Generation, MemberId, SegmentId};
use crate::limits::{MAX_BLOCK_BYTES, MAX_SEGMENT_BYTES, MIN_BLOCK_BYTES};

/// Bytes of the header that carry something; zeros fill the rest of its block.
pub const HEADER_BYTES: usize = 128;

/// The format that this build writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"BRAIDSEG";
/// Magic, version and checksum lie at the same place in every version, and the checksum covers
/// the same bytes, so that "damaged" and "newer" can be told apart.
const CRC_AT: usize = 12;
const FIELDS_AT: usize = 16;

/// What the first block of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// The start of the member that wrote the log.
    pub generation: Generation,
    /// The core whose log it is.
    pub core: CoreId,
    /// The segment's 0-based place in the log.
    pub ordinal: u32,
    /// The segment's id.
    pub id: SegmentId,
    /// Writes start at multiples of this, and are padded to one.
    pub block_bytes: u32,
    /// Length of the whole file.
    pub segment_bytes: u32,
    /// Seed of the frames' header checksums; random, and never told to a client.
    pub salt: u32,
}

/// Why a segment's first block cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No header, or a bit of it is wrong.
    #[error("the segment header is damaged")]
    Damaged,
    /// A newer build wrote it.
    #[error("format version {0} is newer than this build reads ({FORMAT_VERSION})")]
    Newer(u32),
}

impl SegmentHeader {
    /// The header as it lies on disk, zeros up to a block not included.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..CRC_AT].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        self.put_fields(&mut header[FIELDS_AT..]);
        let crc = checksum(&header);
        header[CRC_AT..FIELDS_AT].copy_from_slice(&crc.to_le_bytes());
        header
    }

    /// The whole first block of the file.
    #[must_use]
    pub fn encode_block(&self) -> Vec<u8> {
        let mut block = self.encode().to_vec();
        block.resize(self.block_bytes as usize, 0);
        block
    }

    fn put_fields(&self, mut fields: &mut [u8]) {
        fields.put_u64_le(self.cluster.0);
        fields.put_u64_le(self.member.0);
        fields.put_u64_le(self.generation.0);
        fields.put_u64_le(self.id.0);
        fields.put_u32_le(self.ordinal);
        fields.put_u32_le(self.block_bytes);
        fields.put_u32_le(self.segment_bytes);
        fields.put_u32_le(self.salt);
        fields.put_u16_le(self.core.0);
    }

    /// The header at the start of `bytes`, the file's first block or more.
    ///
    /// # Errors
    /// When it is damaged or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let header = bytes.first_chunk::<HEADER_BYTES>().ok_or(HeaderError::Damaged)?;
        let (mut preamble, fields) = header.split_at(FIELDS_AT);
        if !preamble.starts_with(&MAGIC) {
            return Err(HeaderError::Damaged);
        }
        preamble.advance(MAGIC.len());
        let (version, crc) = (preamble.get_u32_le(), preamble.get_u32_le());
        if crc != checksum(header) {
            return Err(HeaderError::Damaged);
        }
        if version > FORMAT_VERSION {
            return Err(HeaderError::Newer(version));
        }
        Self::get_fields(fields).possible()
    }

    /// Evaluation order of the fields is the order on disk.
    fn get_fields(mut fields: &[u8]) -> Self {
        Self {
            cluster: ClusterId(fields.get_u64_le()),
            member: MemberId(fields.get_u64_le()),
            generation: Generation(fields.get_u64_le()),
            id: SegmentId(fields.get_u64_le()),
            ordinal: fields.get_u32_le(),
            block_bytes: fields.get_u32_le(),
            segment_bytes: fields.get_u32_le(),
            salt: fields.get_u32_le(),
            core: CoreId(fields.get_u16_le()),
        }
    }

    fn possible(self) -> Result<Self, HeaderError> {
        let id = SegmentId::compose(self.generation, self.core, self.ordinal);
        let fits = is_block_size(self.block_bytes)
            && is_segment_size(self.segment_bytes, self.block_bytes)
            && id == Some(self.id);
        if fits { Ok(self) } else { Err(HeaderError::Damaged) }
    }
}

/// Whether writes may be aligned to `bytes`.
#[must_use]
pub const fn is_block_size(bytes: u32) -> bool {
    bytes.is_power_of_two() && MIN_BLOCK_BYTES <= bytes && bytes <= MAX_BLOCK_BYTES
}

/// Whether a segment of whole blocks may have `bytes`.
#[must_use]
pub const fn is_segment_size(bytes: u32, block_bytes: u32) -> bool {
    bytes.is_multiple_of(block_bytes) && bytes > block_bytes && bytes <= MAX_SEGMENT_BYTES
}

/// Of all bytes but the checksum's own.
fn checksum(header: &[u8; HEADER_BYTES]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[..CRC_AT]), &header[FIELDS_AT..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        let (generation, core, ordinal) = (Generation(3), CoreId(2), 5);
        SegmentHeader {
            cluster: ClusterId(0x0102_0304_0506_0708),
            member: MemberId(0x1112_1314_1516_1718),
            generation,
            core,
            ordinal,
            id: SegmentId::compose(generation, core, ordinal).unwrap(),
            block_bytes: 4096,
            segment_bytes: 64 << 20,
            salt: 0x2122_2324,
        }
    }

    #[test]
    fn golden_bytes() {
        let expected = [
            "4252414944534547",
            "01000000",
            "a09a0248",
            "0807060504030201",
            "1817161514131211",
            "0300000000000000",
            "0500000830000000",
            "05000000",
            "00100000",
            "00000004",
            "24232221",
            "0200",
        ];
        let bytes = header().encode().map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(bytes, format!("{:0<256}", expected.concat()));
    }

    #[test]
    fn round_trip_fills_a_block() {
        let block = header().encode_block();
        assert_eq!(block.len(), 4096);
        assert_eq!(SegmentHeader::decode(&block), Ok(header()));
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let genuine = header().encode();
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = genuine;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Damaged), "bit {bit}");
        }
        assert_eq!(SegmentHeader::decode(&genuine[..100]), Err(HeaderError::Damaged));
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = header().encode();
        bytes[8] = 2;
        let crc = checksum(&bytes).to_le_bytes();
        bytes[CRC_AT..FIELDS_AT].copy_from_slice(&crc);
        assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Newer(2)));
    }

    #[test]
    fn an_impossible_header_is_damage() {
        for wrong in [
            SegmentHeader { block_bytes: 1000, ..header() },
            SegmentHeader { segment_bytes: 4096, ..header() },
            SegmentHeader { segment_bytes: 5000, ..header() },
            SegmentHeader { id: SegmentId(1), ..header() },
        ] {
            assert_eq!(SegmentHeader::decode(&wrong.encode()), Err(HeaderError::Damaged));
        }
    }
}
