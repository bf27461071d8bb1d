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
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + len);
    put_prefix(&mut buffer, len);
    message.encode(&mut buffer);
    debug_assert_eq!(buffer.len(), PREFIX_BYTES + len, "a length does not fit its bytes");
    buffer.freeze()
}
