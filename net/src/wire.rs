//! A socket as the HTTP/2 machine sees it.
//!
//! Writes are collected and leave the process once a turn, however often the machine flushes;
//! reads end their turn after a bound and stop while the client does not take what was written,
//! so that one connection can neither fill the memory nor keep a core.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use braid_core::stages::{Stage, Stopwatch};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::{IDLE_BUFFER_BYTES, READ_BYTES_PER_TURN, SOCKET_BUFFER_BYTES};
use crate::ping::PingScanner;
use crate::timer::GiveWay;

/// A shared handle to one socket: the HTTP/2 machine owns one, the connection's driver another.
pub struct Wire<T> {
    line: Rc<RefCell<Line<T>>>,
}

impl<T> Clone for Wire<T> {
    fn clone(&self) -> Self {
        Self { line: Rc::clone(&self.line) }
    }
}

struct Line<T> {
    socket: T,
    /// Bytes that were read to recognise the protocol.
    sniffed: Bytes,
    scanner: PingScanner,
    pings: u32,
    /// The socket had nothing more in this turn; asking again would be a wasted call.
    dry: bool,
    left_in_turn: usize,
    /// A read was refused because the client does not take what was written.
    refused: bool,
    received_bytes: u64,
    sent_bytes: u64,
    unsent: Vec<u8>,
    unsent_start: usize,
    stopwatch: Stopwatch,
    give_way: GiveWay,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// `sniffed` is what was read from the socket already.
    pub fn new(socket: T, sniffed: Bytes, stopwatch: Stopwatch, give_way: GiveWay) -> Self {
        let line = Line {
            socket,
            sniffed,
            scanner: PingScanner::default(),
            pings: 0,
            dry: false,
            left_in_turn: READ_BYTES_PER_TURN,
            refused: false,
            received_bytes: 0,
            sent_bytes: 0,
            unsent: Vec::new(),
            unsent_start: 0,
            stopwatch,
            give_way,
        };
        Self { line: Rc::new(RefCell::new(line)) }
    }

    /// Begins a turn: the socket may be asked again.
    pub fn begin_turn(&self) {
        let mut line = self.line.borrow_mut();
        line.dry = false;
        line.left_in_turn = READ_BYTES_PER_TURN;
    }

    /// Ends a turn: writes what was collected. Pending when the socket takes no more; the task
    /// is woken when it does.
    pub fn poll_drain(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.borrow_mut().poll_drain(context)
    }

    /// Whether so much waits for the socket that nothing should be added.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.line.borrow().is_congested()
    }

    /// The PINGs since the last call.
    pub fn take_pings(&self) -> u32 {
        std::mem::take(&mut self.line.borrow_mut().pings)
    }

    /// Bytes received and sent since the beginning.
    #[must_use]
    pub fn traffic(&self) -> (u64, u64) {
        let line = self.line.borrow();
        (line.received_bytes, line.sent_bytes)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Line<T> {
    fn is_congested(&self) -> bool {
        self.unsent.len() - self.unsent_start >= SOCKET_BUFFER_BYTES
    }

    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if self.sniffed.is_empty() {
            ready!(self.poll_socket(context, into))?;
        } else {
            let taken = self.sniffed.len().min(into.remaining());
            into.put_slice(&self.sniffed.split_to(taken));
        }
        let fresh = &into.filled()[before..];
        self.pings = self.pings.saturating_add(self.scanner.scan(fresh));
        self.received_bytes += fresh.len() as u64;
        self.left_in_turn = self.left_in_turn.saturating_sub(fresh.len());
        Poll::Ready(Ok(()))
    }

    fn poll_socket(
        &mut self,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_congested() {
            self.refused = true;
            return Poll::Pending;
        }
        if self.dry {
            return Poll::Pending;
        }
        if self.left_in_turn == 0 {
            (self.give_way)(context.waker());
            return Poll::Pending;
        }
        let before = self.stopwatch.enter(Stage::Read);
        let outcome = Pin::new(&mut self.socket).poll_read(context, into);
        self.stopwatch.leave(before);
        self.dry = outcome.is_pending();
        outcome
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let total = self.unsent.len() - self.unsent_start;
        while self.unsent_start < self.unsent.len() {
            let rest = &self.unsent[self.unsent_start..];
            let before = self.stopwatch.enter(Stage::Write);
            let written = Pin::new(&mut self.socket).poll_write(context, rest);
            self.stopwatch.leave(before);
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent_start += written;
            self.sent_bytes += written as u64;
        }
        self.unsent.clear();
        self.unsent_start = 0;
        if std::mem::take(&mut self.refused) {
            (self.give_way)(context.waker());
        }
        if total < IDLE_BUFFER_BYTES {
            self.unsent.shrink_to(IDLE_BUFFER_BYTES);
        }
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn append(&mut self, bytes: &[u8]) -> usize {
        if self.unsent_start >= SOCKET_BUFFER_BYTES {
            self.unsent.drain(..self.unsent_start);
            self.unsent_start = 0;
        }
        self.unsent.extend_from_slice(bytes);
        bytes.len()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.line.borrow_mut().poll_read(context, into)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut line = self.line.borrow_mut();
        if line.is_congested() {
            ready!(line.poll_drain(context))?;
        }
        Poll::Ready(Ok(line.append(bytes)))
    }

    /// Says yes without doing it: the driver drains once a turn.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut line = self.line.borrow_mut();
        ready!(line.poll_drain(context))?;
        Pin::new(&mut line.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
