//! The bounds of the format, and how they hang together.

/// Bytes of a frame before its payload.
pub const FRAME_HEADER_BYTES: u32 = 64;

/// Most bytes of one entry's payload. A request is at most 1.5 MiB by default, and the engine
/// splits an outcome that is larger over several entries.
pub const MAX_PAYLOAD_BYTES: u32 = 33 * MIB;

/// Smallest block a device or file system writes as one.
pub const MIN_BLOCK_BYTES: u32 = 512;

/// Largest block; larger ones would waste too much on padding.
pub const MAX_BLOCK_BYTES: u32 = 4096;

/// Bytes of a segment file, unless it is configured otherwise.
pub const DEFAULT_SEGMENT_BYTES: u32 = 64 * MIB;

/// Largest segment file: offsets in it are 32 bits wide.
pub const MAX_SEGMENT_BYTES: u32 = 1024 * MIB;

/// Bytes of one write, unless it is configured otherwise. Only a write of one frame is larger.
pub const DEFAULT_WRITE_BYTES: u32 = 4 * MIB;

/// Bytes that recovery asks for at once, unless a single frame needs more.
pub const READ_WINDOW_BYTES: u32 = MIB;

/// Most bytes of a member's name.
pub const MAX_NAME_BYTES: usize = 255;

const MIB: u32 = 1 << 20;

/// Most bytes a write of one frame with `payload_bytes` takes, rounded up to blocks.
#[must_use]
pub const fn single_frame_bytes(payload_bytes: u32, block_bytes: u32) -> u32 {
    (FRAME_HEADER_BYTES + payload_bytes).next_multiple_of(block_bytes)
}

const _: () = assert!(MIN_BLOCK_BYTES.is_power_of_two() && MAX_BLOCK_BYTES.is_power_of_two());
const _: () = assert!(FRAME_HEADER_BYTES < MIN_BLOCK_BYTES);
const _: () = assert!(READ_WINDOW_BYTES.is_multiple_of(MAX_BLOCK_BYTES));
const _: () = assert!(
    MAX_BLOCK_BYTES + single_frame_bytes(MAX_PAYLOAD_BYTES, MAX_BLOCK_BYTES)
        < DEFAULT_SEGMENT_BYTES,
    "the largest entry fits into a segment behind its header"
);
const _: () = assert!(MAX_BLOCK_BYTES + DEFAULT_WRITE_BYTES < DEFAULT_SEGMENT_BYTES);
const _: () = assert!(MAX_SEGMENT_BYTES as u64 + MAX_PAYLOAD_BYTES as u64 * 2 < u32::MAX as u64);
