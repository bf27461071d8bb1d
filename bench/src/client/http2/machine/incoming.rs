//! What the server says: frames as they come, and what they change.

use super::{Machine, broken};
use crate::client::http2::frame::{self, Head};
use crate::client::http2::header_encoder::TABLE_BYTES;
use crate::client::http2::{CONNECTION_WINDOW_BYTES, FRAME_BYTES, Fields, STREAM_WINDOW_BYTES};
use crate::failure::Failure;

/// Bytes of one block of headers that are taken.
const BLOCK_BYTES: usize = 64 << 10;

/// Bytes before a block of headers that has a priority.
const PRIORITY_BYTES: usize = 5;

impl Machine {
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
        if self.begun.is_some() && head.kind != frame::CONTINUATION {
            return Err(broken("headers that do not go on"));
        }
        match head.kind {
            frame::DATA => self.data(head, payload),
            frame::HEADERS => self.headers(head, payload),
            frame::CONTINUATION => self.continuation(head, payload),
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
            frame::GOAWAY => self.goodbye(payload),
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
            if slot.body.len() + body.len() > STREAM_WINDOW_BYTES as usize {
                return Err(broken("more than the window of a stream"));
            }
            slot.body.extend_from_slice(body);
            slot.taken += (payload.len() - body.len()) as u32;
            slot.ended |= head.flags & frame::END_STREAM != 0;
            slot.wake();
        }
        Ok(())
    }

    fn headers(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let block = frame::unpadded(head, payload).ok_or(broken("padding without a frame"))?;
        let before = if head.flags & frame::PRIORITY == 0 { 0 } else { PRIORITY_BYTES };
        let block = block.get(before..).ok_or(broken("a priority without headers"))?;
        if head.flags & frame::END_HEADERS != 0 {
            return self.block(head, block);
        }
        self.begun = Some((head, block.to_vec()));
        Ok(())
    }

    fn continuation(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let begun = self.begun.take().filter(|(first, _)| first.stream == head.stream);
        let (first, mut block) = begun.ok_or(broken("headers that never began"))?;
        block.extend_from_slice(payload);
        if block.len() > BLOCK_BYTES {
            return Err(broken("headers that are too large"));
        }
        if head.flags & frame::END_HEADERS != 0 {
            return self.block(first, &block);
        }
        self.begun = Some((first, block));
        Ok(())
    }

    /// Takes a whole block; `head` is that of its first frame.
    fn block(&mut self, head: Head, block: &[u8]) -> Result<(), Failure> {
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

    /// The server takes no more streams. It still answers those up to the last one that it names.
    fn goodbye(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let last = number(payload).ok_or(broken("a goodbye without a stream"))?;
        let reason = payload.get(4..).and_then(number).unwrap_or_default();
        let failure = broken(&format!("the server said goodbye, reason {reason}"));
        let late = self.streams.iter_mut().filter(|(stream, slot)| **stream > last && !slot.ended);
        for (_, slot) in late {
            slot.failure = Some(failure.clone());
            slot.wake();
        }
        self.failure.get_or_insert(failure);
        Ok(())
    }
}

/// The four bytes that a frame begins with.
fn number(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
