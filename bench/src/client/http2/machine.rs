//! A connection's state: what was sent, what came, what may be sent.

mod incoming;

use std::collections::{HashMap, VecDeque};
use std::task::{Poll, Waker};

use bytes::Bytes;

use super::frame::{self, Head};
use super::header_decoder::Decoder;
use super::header_encoder::Encoder;
use super::slot::Slot;
use super::{
    CONNECTION_WINDOW_BYTES, FRAME_BYTES, Fields, INITIAL_WINDOW_BYTES, STREAM_WINDOW_BYTES,
};
use crate::client::Method;
use crate::failure::Failure;

/// The last stream that a connection has a number for.
const LAST_STREAM: u32 = (1 << 31) - 1;

/// A connection without its socket.
pub struct Machine {
    /// What is to be sent.
    pub out: Vec<u8>,
    /// What came and was not understood yet.
    pub input: Vec<u8>,
    streams: HashMap<u32, Slot>,
    next_stream: u32,
    encoder: Encoder,
    decoder: Decoder,
    /// A block of headers that goes on in the next frame.
    begun: Option<(Head, Vec<u8>)>,
    /// Messages that wait for a window.
    held: VecDeque<(u32, Bytes, bool)>,
    send_window: i64,
    stream_send_window: i64,
    /// What came on the connection and was not yet allowed to come again.
    received: u32,
    failure: Option<Failure>,
}

impl Machine {
    /// A connection to a server by this name that begins.
    pub fn new(authority: &str, secure: bool) -> Self {
        let mut out = frame::PREFACE.to_vec();
        let settings = [
            frame::setting(frame::ENABLE_PUSH, 0),
            frame::setting(frame::INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES),
        ];
        frame::write(&mut out, frame::SETTINGS, 0, 0, &settings.concat());
        let more = CONNECTION_WINDOW_BYTES - INITIAL_WINDOW_BYTES;
        frame::write(&mut out, frame::WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
        Self {
            out,
            input: vec![],
            streams: HashMap::new(),
            next_stream: 1,
            encoder: Encoder::new(authority, secure),
            decoder: Decoder::default(),
            begun: None,
            held: VecDeque::new(),
            send_window: INITIAL_WINDOW_BYTES.into(),
            stream_send_window: INITIAL_WINDOW_BYTES.into(),
            received: 0,
            failure: None,
        }
    }

    /// Opens a stream.
    pub fn open(&mut self, method: Method) -> Result<u32, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let stream = self.next_stream;
        if stream > LAST_STREAM {
            return Err(broken("its streams are used up; use more connections"));
        }
        self.next_stream += 2;
        self.streams.insert(stream, Slot::new(self.stream_send_window));
        let head = self.out.len();
        frame::write(&mut self.out, frame::HEADERS, frame::END_HEADERS, stream, &[]);
        self.encoder.write(method, &mut self.out);
        let len = self.out.len() - head - Head::BYTES;
        self.out[head + 1..head + 3].copy_from_slice(&(len as u16).to_be_bytes());
        Ok(stream)
    }

    /// Sends a message as far as the windows permit, the rest later.
    pub fn send(&mut self, stream: u32, message: Bytes, end: bool) {
        self.held.push_back((stream, message, end));
        self.send_held();
    }

    /// Takes what came on a stream: bytes, or none when it has ended.
    pub fn poll_body(
        &mut self,
        stream: u32,
        waker: &Waker,
    ) -> Poll<Result<Option<Bytes>, Failure>> {
        let Some(slot) = self.streams.get_mut(&stream) else {
            let failure = self.failure.clone().unwrap_or(Failure::Answer("no stream"));
            return Poll::Ready(Err(failure));
        };
        if !slot.body.is_empty() {
            let body = slot.body.split().freeze();
            slot.taken += body.len() as u32;
            if !slot.ended && slot.taken >= STREAM_WINDOW_BYTES / 2 {
                let taken = std::mem::take(&mut slot.taken).to_be_bytes();
                frame::write(&mut self.out, frame::WINDOW_UPDATE, 0, stream, &taken);
            }
            return Poll::Ready(Ok(Some(body)));
        }
        match (&slot.failure, slot.ended) {
            (Some(failure), _) => Poll::Ready(Err(failure.clone())),
            (None, true) => Poll::Ready(Ok(None)),
            (None, false) => {
                slot.wait(waker);
                Poll::Pending
            }
        }
    }

    /// The headers that a stream ended with.
    pub fn fields(&self, stream: u32) -> Option<&Fields> {
        self.streams.get(&stream).and_then(|slot| slot.fields.as_ref())
    }

    /// Forgets a stream; whether the server has to be told.
    pub fn close(&mut self, stream: u32) -> bool {
        let open = self.streams.remove(&stream).is_some_and(|slot| !slot.ended);
        if open && self.failure.is_none() {
            self.held.retain(|(held, ..)| *held != stream);
            let reason = frame::CANCEL.to_be_bytes();
            frame::write(&mut self.out, frame::RST_STREAM, 0, stream, &reason);
            self.send_held();
        }
        open
    }

    /// Something is to be sent.
    pub fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// The connection is gone.
    pub fn fail(&mut self, failure: &Failure) {
        for slot in self.streams.values_mut() {
            if !slot.ended {
                slot.failure = Some(failure.clone());
                slot.wake();
            }
        }
        self.failure.get_or_insert(failure.clone());
    }

    /// Sends what is held back, in its order, as far as the windows permit.
    fn send_held(&mut self) {
        while let Some((stream, message, end)) = self.held.front_mut() {
            let Some(slot) = self.streams.get_mut(stream) else {
                self.held.pop_front();
                continue;
            };
            let window = self.send_window.min(slot.send_window).max(0) as usize;
            if window == 0 && !message.is_empty() {
                return;
            }
            let piece = message.split_to(message.len().min(window).min(FRAME_BYTES));
            self.send_window -= piece.len() as i64;
            slot.send_window -= piece.len() as i64;
            let flags = if *end && message.is_empty() { frame::END_STREAM } else { 0 };
            frame::write(&mut self.out, frame::DATA, flags, *stream, &piece);
            if message.is_empty() {
                self.held.pop_front();
            }
        }
    }
}

fn broken(what: &str) -> Failure {
    Failure::Connection(what.into())
}

#[cfg(test)]
mod tests;
