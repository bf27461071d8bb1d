//! The messages of an answer, and its status.

use bytes::{Buf, Bytes, BytesMut};

use super::PREFIX_BYTES;
use super::http2::Fields;
use super::link::Stream;
use crate::failure::Failure;

const NOT_FINE: Failure = Failure::Answer("an HTTP status other than 200");

/// Reads an answer message by message.
pub struct Messages {
    stream: Stream,
    rest: BytesMut,
}

impl Messages {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, rest: BytesMut::new() }
    }

    /// The next message; none when the answer ended with the status OK.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(message) = take(&mut self.rest) {
            return Ok(Some(message));
        }
        while let Some(mut chunk) = self.stream.chunk().await? {
            if self.rest.is_empty() && is_one_message(&chunk) {
                chunk.advance(PREFIX_BYTES);
                return Ok(Some(chunk));
            }
            self.rest.extend_from_slice(&chunk);
            if let Some(message) = take(&mut self.rest) {
                return Ok(Some(message));
            }
        }
        self.stream.with_fields(status).map(|()| None)
    }

    /// The one message of a unary answer, once its status has come.
    pub(super) async fn only(mut self) -> Result<Bytes, Failure> {
        let message = self.next().await?.ok_or(Failure::Answer("no message"))?;
        match self.next().await? {
            None => Ok(message),
            Some(_) => Err(Failure::Answer("a second message")),
        }
    }

    /// Reads to the end, keeps nothing; how many bytes came.
    pub async fn skim(mut self) -> Result<u64, Failure> {
        let bytes = self.count().await?;
        self.stream.with_fields(status).map(|()| bytes)
    }

    /// The same for an answer that is not gRPC's and has no status of its own.
    pub(super) async fn raw(mut self) -> Result<u64, Failure> {
        let bytes = self.count().await?;
        let http = self.stream.with_fields(|fields| fields.and_then(|fields| fields.http));
        if http == Some(200) { Ok(bytes) } else { Err(NOT_FINE) }
    }

    async fn count(&mut self) -> Result<u64, Failure> {
        let mut bytes = 0;
        while let Some(chunk) = self.stream.chunk().await? {
            bytes += chunk.len() as u64;
        }
        Ok(bytes)
    }

    /// Sends another message on the same stream.
    pub(super) fn send(&self, message: Bytes) {
        self.stream.send(message, false);
    }
}

fn declared_len(bytes: &[u8]) -> Option<usize> {
    let prefix = bytes.get(1..PREFIX_BYTES)?;
    Some(PREFIX_BYTES + u32::from_be_bytes(prefix.try_into().ok()?) as usize)
}

fn is_one_message(chunk: &[u8]) -> bool {
    declared_len(chunk) == Some(chunk.len())
}

fn take(rest: &mut BytesMut) -> Option<Bytes> {
    let len = declared_len(rest)?;
    if rest.len() < len {
        return None;
    }
    let mut message = rest.split_to(len).freeze();
    message.advance(PREFIX_BYTES);
    Some(message)
}

fn status(fields: Option<&Fields>) -> Result<(), Failure> {
    match fields {
        Some(Fields { http: Some(200), grpc: Some(0), .. }) => Ok(()),
        Some(Fields { http: Some(200), grpc: Some(code), message }) => {
            Err(Failure::Status { code: *code, message: message.clone() })
        }
        Some(Fields { http: Some(200), grpc: None, .. }) => Err(Failure::Answer("no status")),
        _ => Err(NOT_FINE),
    }
}
