//! Calls with streams in both directions.

use bytes::Bytes;
use prost::Message;

use super::{Channel, Messages, Method, framed};
use crate::failure::Failure;

/// A bidirectional call.
pub struct Call(Messages);

impl Call {
    /// Opens the call with its first message.
    pub fn open(
        channel: &Channel,
        method: Method,
        message: &impl Message,
    ) -> Result<Self, Failure> {
        Ok(Self(channel.open(method, message)?))
    }

    /// Sends another message.
    pub fn send(&mut self, message: &impl Message) {
        self.0.send(framed(message));
    }

    /// The next message. That the server ends the call is a failure.
    pub async fn next(&mut self) -> Result<Bytes, Failure> {
        self.0.next().await?.ok_or(Failure::Answer("the stream ended"))
    }
}
