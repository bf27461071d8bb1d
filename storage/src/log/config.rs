//! What a log is made with.

use crate::ids::{ClusterId, CoreId, Generation, MemberId, SegmentId};
use crate::limits::{
    DEFAULT_SEGMENT_BYTES, DEFAULT_WRITE_BYTES, MAX_BLOCK_BYTES, MAX_PAYLOAD_BYTES,
    single_frame_bytes,
};
use crate::segment::{SegmentHeader, is_block_size, is_segment_size};

/// Whose log it is, and its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// This start of the member: one more than any that left a segment behind.
    pub generation: Generation,
    /// The core.
    pub core: CoreId,
    /// A random number, drawn anew for each generation and never told to a client.
    pub salt: u32,
    /// Bytes of a segment file.
    pub segment_bytes: u32,
    /// Writes start at multiples of this, and are padded to one.
    pub block_bytes: u32,
    /// Most bytes of a write of more than one frame.
    pub max_write_bytes: u32,
    /// Most bytes of an entry's payload.
    pub max_payload_bytes: u32,
}

/// Sizes that no log can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a block size.
    #[error("a block of {0} bytes: give a power of two from 512 to 4096")]
    Block(u32),
    /// Not a segment size.
    #[error("a segment of {0} bytes: give whole blocks, more than one, at most 1 GiB")]
    Segment(u32),
    /// The largest frame or write does not fit into a segment.
    #[error("a segment of {0} bytes is too small for the largest entry or write")]
    SmallSegment(u32),
    /// Larger than recovery reads back.
    #[error("an entry payload of {0} bytes is more than the format allows")]
    Payload(u32),
    /// More starts or cores than a segment's id can tell apart.
    #[error("generation {0} or core {1} is beyond what a segment's id can hold")]
    Id(Generation, CoreId),
}

impl LogConfig {
    /// A log of the default sizes.
    #[must_use]
    pub const fn new(
        cluster: ClusterId,
        member: MemberId,
        generation: Generation,
        core: CoreId,
        salt: u32,
    ) -> Self {
        Self {
            cluster,
            member,
            generation,
            core,
            salt,
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            block_bytes: MAX_BLOCK_BYTES,
            max_write_bytes: DEFAULT_WRITE_BYTES,
            max_payload_bytes: MAX_PAYLOAD_BYTES,
        }
    }

    /// Refuses what no log can be.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !is_block_size(self.block_bytes) {
            return Err(ConfigError::Block(self.block_bytes));
        }
        if !is_segment_size(self.segment_bytes, self.block_bytes) {
            return Err(ConfigError::Segment(self.segment_bytes));
        }
        if self.max_payload_bytes > MAX_PAYLOAD_BYTES {
            return Err(ConfigError::Payload(self.max_payload_bytes));
        }
        let largest = single_frame_bytes(self.max_payload_bytes, self.block_bytes);
        let room = self.segment_bytes - self.block_bytes;
        if largest > room || self.max_write_bytes > room {
            return Err(ConfigError::SmallSegment(self.segment_bytes));
        }
        match SegmentId::compose(self.generation, self.core, 0) {
            Some(_) => Ok(()),
            None => Err(ConfigError::Id(self.generation, self.core)),
        }
    }

    /// The header of the log's segment number `ordinal`.
    ///
    /// # Panics
    /// After 67 million segments of one log.
    pub(super) fn segment(&self, ordinal: u32) -> SegmentHeader {
        let id = SegmentId::compose(self.generation, self.core, ordinal)
            .expect("a log has fewer segments than an ordinal can count");
        SegmentHeader {
            cluster: self.cluster,
            member: self.member,
            generation: self.generation,
            core: self.core,
            ordinal,
            id,
            block_bytes: self.block_bytes,
            segment_bytes: self.segment_bytes,
            salt: self.salt,
        }
    }
}
