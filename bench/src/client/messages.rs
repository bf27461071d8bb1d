//! The messages of an answer, and its status.

use bytes::{Buf, Bytes, BytesMut};
use h2::RecvStream;
use http::{HeaderMap, Response};

use super::PREFIX_BYTES;
use crate::failure::Failure;

/// Reads an answer message by message.
pub struct Messages {
    head: HeaderMap,
    body: RecvStream,
    rest: BytesMut,
}

impl Messages {
    pub(super) fn new(response: Response<RecvStream>) -> Result<Self, Failure> {
        if response.status() != 200 {
            return Err(Failure::Answer("an HTTP status other than 200"));
        }
        let (parts, body) = response.into_parts();
        Ok(Self { head: parts.headers, body, rest: BytesMut::new() })
    }

    /// The next message; none when the answer ended with the status OK.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(message) = take(&mut self.rest) {
            return Ok(Some(message));
        }
        while let Some(mut chunk) = self.chunk().await? {
            if self.rest.is_empty() && is_one_message(&chunk) {
                chunk.advance(PREFIX_BYTES);
                return Ok(Some(chunk));
            }
            self.rest.extend_from_slice(&chunk);
            if let Some(message) = take(&mut self.rest) {
                return Ok(Some(message));
            }
        }
        self.ended().await.map(|()| None)
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
        let mut bytes = 0;
        while let Some(chunk) = self.chunk().await? {
            bytes += chunk.len() as u64;
        }
        self.ended().await.map(|()| bytes)
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(chunk) = self.body.data().await else { return Ok(None) };
        let chunk = chunk?;
        self.body.flow_control().release_capacity(chunk.len())?;
        Ok(Some(chunk))
    }

    async fn ended(&mut self) -> Result<(), Failure> {
        match self.body.trailers().await? {
            Some(trailers) => status(&trailers),
            // An answer without messages may carry its status in its head.
            None => status(&self.head),
        }
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

fn status(headers: &HeaderMap) -> Result<(), Failure> {
    let code = headers.get("grpc-status").ok_or(Failure::Answer("no status"))?;
    if code == "0" {
        return Ok(());
    }
    let code = code.to_str().ok().and_then(|text| text.parse().ok());
    let code = code.ok_or(Failure::Answer("a status that is no number"))?;
    let message = headers.get("grpc-message").map(|text| String::from_utf8_lossy(text.as_bytes()));
    Err(Failure::Status { code, message: message.unwrap_or_default().into_owned() })
}
