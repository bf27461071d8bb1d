//! Single protobuf fields.

use bytes::{BufMut, BytesMut};
use prost::encoding::{WireType, encoded_len_varint, key_len};

use crate::encode::Encode;

/// Most bytes of a varint.
const VARINT_BYTES_MAX: usize = 10;

/// A field's key and one varint on the stack, so that the buffer is asked for room once for both
/// and not for every byte.
struct Head {
    bytes: [u8; 2 * VARINT_BYTES_MAX],
    len: usize,
}

impl Head {
    fn new(tag: u32, kind: WireType, value: u64) -> Self {
        let mut head = Self { bytes: [0; 2 * VARINT_BYTES_MAX], len: 0 };
        head.push(u64::from(tag) << 3 | kind as u64);
        head.push(value);
        head
    }

    fn push(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes[self.len] = value as u8 | 0x80;
            self.len += 1;
            value >>= 7;
        }
        self.bytes[self.len] = value as u8;
        self.len += 1;
    }

    fn put(&self, buffer: &mut BytesMut) {
        buffer.put_slice(&self.bytes[..self.len]);
    }
}

/// Length of a varint field; 0 for the default.
#[must_use]
pub fn varint_len(tag: u32, value: u64) -> usize {
    if value == 0 { 0 } else { key_len(tag) + encoded_len_varint(value) }
}

/// Writes a varint field unless it has the default.
pub fn put_varint(tag: u32, value: u64, buffer: &mut BytesMut) {
    if value != 0 {
        Head::new(tag, WireType::Varint, value).put(buffer);
    }
}

/// Length of a field of `len` bytes, even when it is empty.
#[must_use]
pub fn nested_len(tag: u32, len: usize) -> usize {
    key_len(tag) + encoded_len_varint(len as u64) + len
}

/// Writes what comes before a field of `len` bytes.
pub fn put_nested_head(tag: u32, len: usize, buffer: &mut BytesMut) {
    Head::new(tag, WireType::LengthDelimited, len as u64).put(buffer);
}

/// Length of a message field.
#[must_use]
pub fn message_len(tag: u32, message: &impl Encode) -> usize {
    nested_len(tag, message.encoded_len())
}

/// Writes a message field.
pub fn put_message(tag: u32, message: &impl Encode, buffer: &mut BytesMut) {
    put_nested_head(tag, message.encoded_len(), buffer);
    message.encode(buffer);
}

/// Length of a bytes or string field; 0 for an empty one.
#[must_use]
pub fn bytes_len(tag: u32, bytes: &[u8]) -> usize {
    if bytes.is_empty() { 0 } else { nested_len(tag, bytes.len()) }
}

/// Writes a bytes or string field unless it is empty.
pub fn put_bytes(tag: u32, bytes: &[u8], buffer: &mut BytesMut) {
    if !bytes.is_empty() {
        put_nested_head(tag, bytes.len(), buffer);
        buffer.put_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding::{bytes, uint64};

    #[test]
    fn fields_are_as_prost_writes_them() {
        for tag in [1, 15, 16, 2047, (1 << 29) - 1] {
            for shift in 0..64 {
                for value in [1 << shift, u64::MAX >> shift] {
                    let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
                    put_varint(tag, value, &mut ours);
                    uint64::encode(tag, &value, &mut theirs);
                    assert_eq!((varint_len(tag, value), &ours), (theirs.len(), &theirs));
                }
            }
            for len in [1, 127, 128, 20_000] {
                let (value, mut ours, mut theirs) =
                    (vec![7; len], BytesMut::new(), BytesMut::new());
                put_bytes(tag, &value, &mut ours);
                bytes::encode(tag, &value, &mut theirs);
                assert_eq!((bytes_len(tag, &value), &ours), (theirs.len(), &theirs));
            }
        }
    }

    #[test]
    fn defaults_are_left_out() {
        let mut buffer = BytesMut::new();
        put_varint(1, 0, &mut buffer);
        put_bytes(1, b"", &mut buffer);
        assert!(buffer.is_empty() && varint_len(1, 0) == 0 && bytes_len(1, b"") == 0);
    }
}
