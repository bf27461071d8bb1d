//! One stream, as far as it has come.

use std::task::Waker;

use bytes::BytesMut;

use super::{Fields, INITIAL_WINDOW_BYTES};
use crate::failure::Failure;

/// What is known of a stream.
pub struct Slot {
    /// Bytes that nobody took yet.
    pub body: BytesMut,
    /// The server's headers, then its trailers.
    pub fields: Option<Fields>,
    /// The server has said everything.
    pub ended: bool,
    /// Why there will be nothing more.
    pub failure: Option<Failure>,
    /// What may still be sent, in bytes.
    pub send_window: i64,
    /// What was taken, and not yet allowed to be sent again, in bytes.
    pub taken: u32,
    waiting: Option<Waker>,
}

impl Slot {
    /// A stream that nothing was heard of.
    pub fn new(send_window: i64) -> Self {
        Self {
            body: BytesMut::new(),
            fields: None,
            ended: false,
            failure: None,
            send_window,
            taken: 0,
            waiting: None,
        }
    }

    /// Who is to be woken by news.
    pub fn wait(&mut self, waker: &Waker) {
        match &mut self.waiting {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Wakes whoever waits.
    pub fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

const _: () = assert!(INITIAL_WINDOW_BYTES <= super::STREAM_WINDOW_BYTES);
