//! Single protobuf fields.

use bytes::{BufMut, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::encode::Encode;

/// Length of a varint field; 0 for the default.
#[must_use]
pub fn varint_len(tag: u32, value: u64) -> usize {
    if value == 0 { 0 } else { key_len(tag) + encoded_len_varint(value) }
}

/// Writes a varint field unless it has the default.
pub fn put_varint(tag: u32, value: u64, buffer: &mut BytesMut) {
    if value != 0 {
        encode_key(tag, WireType::Varint, buffer);
        encode_varint(value, buffer);
    }
}

/// Length of a field of `len` bytes, even when it is empty.
#[must_use]
pub fn nested_len(tag: u32, len: usize) -> usize {
    key_len(tag) + encoded_len_varint(len as u64) + len
}

/// Writes what comes before a field of `len` bytes.
pub fn put_nested_head(tag: u32, len: usize, buffer: &mut BytesMut) {
    encode_key(tag, WireType::LengthDelimited, buffer);
    encode_varint(len as u64, buffer);
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
