//! hyper's traits for sockets, on top of tokio's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::timer::GiveWay;

/// Bytes read at a time; requests without body are small.
const READ_BYTES: usize = 4096;

/// Bytes read in a turn: some hundred requests.
const BYTES_PER_TURN: usize = 2 * READ_BYTES;

/// A socket with the bytes that were read from it before.
pub struct Adapter<T> {
    socket: T,
    sniffed: Bytes,
    /// Bytes that may be read before others have their turn: a client can send faster than it is
    /// served, and reads would then never have to wait.
    left_in_turn: usize,
    give_way: GiveWay,
}

impl<T> Adapter<T> {
    /// `sniffed` comes first.
    pub fn new(socket: T, sniffed: Bytes, give_way: GiveWay) -> Self {
        Self { socket, sniffed, left_in_turn: BYTES_PER_TURN, give_way }
    }
}

impl<T: AsyncRead + Unpin> Read for Adapter<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.sniffed.is_empty() {
            let taken = self.sniffed.len().min(into.remaining());
            into.put_slice(&self.sniffed.split_to(taken));
            return Poll::Ready(Ok(()));
        }
        if self.left_in_turn == 0 {
            self.left_in_turn = BYTES_PER_TURN;
            (self.give_way)(context.waker());
            return Poll::Pending;
        }
        let mut bytes = [0; READ_BYTES];
        let room = into.remaining().min(READ_BYTES);
        let mut buffer = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer))?;
        into.put_slice(buffer.filled());
        self.left_in_turn = self.left_in_turn.saturating_sub(buffer.filled().len());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> Write for Adapter<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
