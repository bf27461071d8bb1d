//! gRPC's length-prefixed messages.

use std::task::{Context, Poll, ready};

use braid_core::error::Code;
use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use prost::Message;

use crate::budget::Charge;
use crate::grpc::status::Status;

/// Bytes before each message: a flag and a length.
pub const PREFIX_BYTES: usize = 5;

/// Writes the prefix of a message of `len` bytes.
pub fn put_prefix(buffer: &mut BytesMut, len: usize) {
    buffer.put_u8(0);
    // A message of 4 GiB cannot be: ranges are refused long before.
    buffer.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
}

/// A message with its prefix.
#[must_use]
pub fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + len);
    put_prefix(&mut buffer, len);
    message.encode_raw(&mut buffer);
    buffer.freeze()
}

/// Cuts a stream's bytes into messages. Holds at most one message and the rest of a frame.
#[derive(Debug, Default)]
pub struct MessageReader {
    /// The last chunk's rest, when nothing had to be joined.
    single: Bytes,
    /// Chunks joined to one message.
    joined: BytesMut,
    charged: usize,
}

/// What a reader obeys.
pub struct ReadRules<'a> {
    /// Largest message in bytes.
    pub max_bytes: usize,
    /// Pays for the messages.
    pub charge: &'a mut Charge,
}

/// Why there is no further message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The client reset the stream, or the connection is gone: nobody waits for an answer.
    Gone,
    /// The call ends with this.
    Refused(Status),
}

impl From<Status> for ReadError {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

impl MessageReader {
    /// The next message, or none after the last one.
    ///
    /// # Errors
    /// When the stream is gone, or its bytes are no message that the server takes.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        body: &mut RecvStream,
        mut rules: ReadRules<'_>,
    ) -> Poll<Result<Option<Bytes>, ReadError>> {
        loop {
            if let Some(message) = self.take(&mut rules)? {
                return Poll::Ready(Ok(Some(message)));
            }
            match ready!(body.poll_data(context)) {
                Some(Ok(chunk)) => {
                    // Fails only for a stream that is gone, which the next poll reports.
                    let _ = body.flow_control().release_capacity(chunk.len());
                    self.push(chunk);
                }
                Some(Err(_)) => return Poll::Ready(Err(ReadError::Gone)),
                None => return Poll::Ready(self.end()),
            }
        }
    }

    fn end(&self) -> Result<Option<Bytes>, ReadError> {
        if self.buffered().is_empty() {
            return Ok(None);
        }
        Err(Status::new(Code::Unknown, "unexpected EOF").into())
    }

    fn buffered(&self) -> &[u8] {
        if self.joined.is_empty() { &self.single } else { &self.joined }
    }

    fn push(&mut self, chunk: Bytes) {
        if self.joined.is_empty() && self.single.is_empty() {
            self.single = chunk;
            return;
        }
        self.joined.reserve(self.single.len() + chunk.len());
        self.joined.extend_from_slice(&std::mem::take(&mut self.single));
        self.joined.extend_from_slice(&chunk);
    }

    fn take(&mut self, rules: &mut ReadRules<'_>) -> Result<Option<Bytes>, Status> {
        let buffered = self.buffered();
        let Some(&[flag, a, b, c, d]) = buffered.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        if len > rules.max_bytes {
            return Err(too_large(len, rules.max_bytes));
        }
        let whole = buffered.len() >= PREFIX_BYTES + len;
        self.pay(len, rules)?;
        if !whole {
            return Ok(None);
        }
        check_flag(flag)?;
        self.charged = 0;
        Ok(Some(self.cut(PREFIX_BYTES + len).slice(PREFIX_BYTES..)))
    }

    /// Pays for a message as soon as its length is known, once.
    fn pay(&mut self, len: usize, rules: &mut ReadRules<'_>) -> Result<(), Status> {
        if self.charged < len {
            rules.charge.grow((len - self.charged) as u64)?;
            self.charged = len;
        }
        Ok(())
    }

    fn cut(&mut self, len: usize) -> Bytes {
        if self.joined.is_empty() {
            return self.single.split_to(len);
        }
        let message = self.joined.split_to(len).freeze();
        self.single = std::mem::take(&mut self.joined).freeze();
        message
    }
}

fn too_large(len: usize, max_bytes: usize) -> Status {
    let message = format!("grpc: received message larger than max ({len} vs. {max_bytes})");
    Status::with(Code::ResourceExhausted, message)
}

/// Compression was refused by the headers, so only uncompressed messages are in order.
fn check_flag(flag: u8) -> Result<(), Status> {
    match flag {
        0 => Ok(()),
        1 => {
            let message = "grpc: compressed flag set with identity or empty encoding";
            Err(Status::new(Code::Internal, message))
        }
        _ => {
            let message = format!("grpc: received unexpected payload format {flag}");
            Err(Status::with(Code::Internal, message))
        }
    }
}

#[cfg(test)]
mod tests;
