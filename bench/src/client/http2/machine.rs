//! A connection's state: what was sent, what came, what may be sent.

use std::collections::{HashMap, VecDeque};
use std::task::{Poll, Waker};

use bytes::Bytes;

use super::frame::{self, Head};
use super::header_decoder::Decoder;
use super::header_encoder::{Encoder, TABLE_BYTES};
use super::slot::Slot;
use super::{
    CONNECTION_WINDOW_BYTES, FRAME_BYTES, Fields, INITIAL_WINDOW_BYTES, STREAM_WINDOW_BYTES,
};
use crate::client::Method;
use crate::failure::Failure;

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
    /// Messages that wait for a window.
    held: VecDeque<(u32, Bytes, bool)>,
    send_window: i64,
    stream_send_window: i64,
    /// What came on the connection and was not yet allowed to come again.
    received: u32,
    failure: Option<Failure>,
}

impl Machine {
    /// A connection that begins.
    pub fn new(authority: &str) -> Self {
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
            encoder: Encoder::new(authority),
            decoder: Decoder::default(),
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
        let slot = match (self.streams.get_mut(&stream), &self.failure) {
            (Some(slot), _) => slot,
            (None, failure) => {
                return Poll::Ready(Err(failure.clone().unwrap_or(Failure::Answer("no stream"))));
            }
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

    /// Understands all whole frames that came.
    pub fn advance(&mut self) -> Result<(), Failure> {
        let mut input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        while let Some(head) = Head::parse(rest) {
            if head.len > FRAME_BYTES {
                return Err(broken("a frame that is too large"));
            }
            let Some((frame, after)) = rest.split_at_checked(Head::BYTES + head.len) else { break };
            self.frame(head, &frame[Head::BYTES..])?;
            rest = after;
        }
        let understood = input.len() - rest.len();
        input.drain(..understood);
        self.input = input;
        Ok(())
    }

    fn frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        match head.kind {
            frame::DATA => self.data(head, payload),
            frame::HEADERS => self.headers(head, payload),
            frame::SETTINGS if head.flags & frame::ACK == 0 => self.settings(payload),
            frame::PING if head.flags & frame::ACK == 0 => {
                frame::write(&mut self.out, frame::PING, frame::ACK, 0, payload);
                Ok(())
            }
            frame::WINDOW_UPDATE => self.window_update(head, payload),
            frame::RST_STREAM => {
                self.reset(head, payload);
                Ok(())
            }
            frame::GOAWAY => Err(broken("the server said goodbye")),
            _ => Ok(()),
        }
    }

    fn data(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        self.received += head.len as u32;
        if self.received >= CONNECTION_WINDOW_BYTES / 2 {
            let received = std::mem::take(&mut self.received).to_be_bytes();
            frame::write(&mut self.out, frame::WINDOW_UPDATE, 0, 0, &received);
        }
        let body = frame::unpadded(head, payload).ok_or(broken("padding without a frame"))?;
        // What still comes for a stream that was cancelled is of no interest.
        if let Some(slot) = self.streams.get_mut(&head.stream) {
            slot.body.extend_from_slice(body);
            slot.taken += (payload.len() - body.len()) as u32;
            slot.ended |= head.flags & frame::END_STREAM != 0;
            slot.wake();
        }
        Ok(())
    }

    fn headers(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.flags & frame::END_HEADERS == 0 {
            return Err(broken("headers in several frames"));
        }
        let block = frame::unpadded(head, payload).ok_or(broken("padding without a frame"))?;
        // Even those of a cancelled stream change the table.
        let fields = self.decoder.decode(block).ok_or(broken("headers that nobody understands"))?;
        if let Some(slot) = self.streams.get_mut(&head.stream) {
            slot.fields = Some(match slot.fields.take() {
                Some(before) => Fields { http: before.http, ..fields },
                None => fields,
            });
            slot.ended |= head.flags & frame::END_STREAM != 0;
            slot.wake();
        }
        Ok(())
    }

    fn settings(&mut self, payload: &[u8]) -> Result<(), Failure> {
        for setting in payload.chunks_exact(6) {
            let name = u16::from_be_bytes([setting[0], setting[1]]);
            let value = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
            match name {
                frame::INITIAL_WINDOW_SIZE => {
                    let more = i64::from(value) - self.stream_send_window;
                    self.stream_send_window = value.into();
                    self.streams.values_mut().for_each(|slot| slot.send_window += more);
                }
                frame::HEADER_TABLE_SIZE if value < TABLE_BYTES => {
                    return Err(broken("a header table that is too small"));
                }
                _ => {}
            }
        }
        frame::write(&mut self.out, frame::SETTINGS, frame::ACK, 0, &[]);
        self.send_held();
        Ok(())
    }

    fn window_update(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let more = number(payload).ok_or(broken("a window update without a number"))?;
        if head.stream == 0 {
            self.send_window += i64::from(more);
        } else if let Some(slot) = self.streams.get_mut(&head.stream) {
            slot.send_window += i64::from(more);
        }
        self.send_held();
        Ok(())
    }

    fn reset(&mut self, head: Head, payload: &[u8]) {
        // A server may reset what it has answered in full.
        if let Some(slot) = self.streams.get_mut(&head.stream).filter(|slot| !slot.ended) {
            let reason = number(payload).unwrap_or_default();
            slot.failure = Some(Failure::Reset(format!("by the server, reason {reason}")));
            slot.ended = true;
            slot.wake();
        }
    }

    /// Sends what is held back, in its order, as far as the windows permit.
    fn send_held(&mut self) {
        while let Some((stream, message, end)) = self.held.front_mut() {
            let Some(slot) = self.streams.get_mut(stream) else {
                self.held.pop_front();
                continue;
            };
            let window = self.send_window.min(slot.send_window).max(0) as usize;
            let piece = message.split_to(message.len().min(window).min(FRAME_BYTES));
            if piece.is_empty() {
                return;
            }
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

/// The four bytes that a frame begins with.
fn number(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn broken(what: &str) -> Failure {
    Failure::Connection(what.into())
}
