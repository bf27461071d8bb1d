//! Answers written straight into the buffer that leaves, without message objects in between.
//!
//! Each function comes as a pair: how long, and the bytes. Fields with their default value are
//! left out, as proto3 wants it.

pub mod field;
pub mod kv;
pub mod txn;
pub mod watch;

use bytes::{Bytes, BytesMut};

use crate::grpc::message::{PREFIX_BYTES, put_prefix};

/// Something with a protobuf form.
pub trait Encode {
    /// Bytes that [`Self::encode`] writes.
    fn encoded_len(&self) -> usize;

    /// Writes the fields.
    fn encode(&self, buffer: &mut BytesMut);
}

/// A gRPC message with its prefix.
#[must_use]
pub fn framed(message: &impl Encode) -> Bytes {
    let len = message.encoded_len();
    // Made in its size: to reserve it in an empty buffer costs a seventh of the whole more.
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + len);
    put(message, len, &mut buffer);
    buffer.freeze()
}

/// Adds a gRPC message with its prefix, and returns how many bytes that are.
pub fn put_framed(message: &impl Encode, buffer: &mut BytesMut) -> usize {
    let len = message.encoded_len();
    buffer.reserve(PREFIX_BYTES + len);
    put(message, len, buffer);
    PREFIX_BYTES + len
}

fn put(message: &impl Encode, len: usize, buffer: &mut BytesMut) {
    let start = buffer.len();
    put_prefix(buffer, len);
    message.encode(buffer);
    debug_assert_eq!(buffer.len() - start, PREFIX_BYTES + len, "a length does not fit its bytes");
}
