//! Calls with streams in both directions.

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use prost::Message;

use super::{Channel, Messages, Method, framed};
use crate::failure::Failure;

/// A bidirectional call.
pub struct Call {
    send: SendStream<Bytes>,
    answer: Answer,
}

/// A server may send its head only with its first message.
enum Answer {
    Awaited(ResponseFuture),
    Begun(Messages),
}

impl Call {
    /// Opens the call with its first message.
    pub async fn open(
        channel: &Channel,
        method: Method,
        message: &impl Message,
    ) -> Result<Self, Failure> {
        let (response, send) = channel.open(method, framed(message), false).await?;
        Ok(Self { send, answer: Answer::Awaited(response) })
    }

    /// Sends another message.
    pub fn send(&mut self, message: &impl Message) -> Result<(), Failure> {
        Ok(self.send.send_data(framed(message), false)?)
    }

    /// The next message. That the server ends the call is a failure.
    pub async fn next(&mut self) -> Result<Bytes, Failure> {
        if let Answer::Awaited(response) = &mut self.answer {
            self.answer = Answer::Begun(Messages::new(response.await?)?);
        }
        match &mut self.answer {
            Answer::Begun(messages) => {
                messages.next().await?.ok_or(Failure::Answer("the stream ended"))
            }
            Answer::Awaited(_) => Err(Failure::Answer("no head")),
        }
    }
}
