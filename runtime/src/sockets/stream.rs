//! A connection as the byte stream that `h2` and `hyper` read and write.
//!
//! Reads and writes are tried at once and go straight between the socket and the caller's memory;
//! the poller is only asked to wait. Measured against reads submitted to the ring and glommio's own
//! stream this was never slower (`runtime/examples/h2_echo.rs`), and it needs no buffer of its own.

use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::balancer::Permit;
use super::poller::Registration;

/// A TCP connection on the core that serves it.
pub struct Stream {
    socket: TcpStream,
    registration: Registration,
    /// The last read found less than it had room for: another one before the socket is readable
    /// again would be a system call for nothing.
    drained: bool,
    /// Gives the connection's place back when the stream is dropped.
    _permit: Option<Permit>,
}

impl Stream {
    /// Takes over a socket on this executor.
    ///
    /// # Errors
    /// The system's.
    pub fn new(socket: TcpStream, permit: Option<Permit>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let registration = Registration::new(&socket)?;
        Ok(Self { socket, registration, drained: false, _permit: permit })
    }

    /// The other side's address.
    ///
    /// # Errors
    /// The system's, for example when the connection is closed already.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    fn recv(&self, into: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        let socket = self.socket.as_raw_fd();
        // SAFETY: the kernel writes at most `len` bytes to memory that is ours for the call.
        let count = unsafe { libc::recv(socket, into.as_mut_ptr().cast(), into.len(), 0) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.drained {
                ready!(this.registration.poll_readable(context));
                this.drained = false;
            }
            // SAFETY: only `recv` writes to it, and it writes nothing that is uninitialised.
            let room = unsafe { buffer.unfilled_mut() };
            let wanted = room.len();
            match this.recv(room) {
                Ok(count) => {
                    // SAFETY: the kernel has just written the first `count` bytes.
                    unsafe { buffer.assume_init(count) };
                    buffer.advance(count);
                    // At the end of the stream there is nothing to wait for.
                    this.drained = count > 0 && count < wanted;
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => this.drained = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            match this.socket.write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(this.registration.poll_writable(context));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.socket.shutdown(Shutdown::Write) {
            // The other side was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}

#[cfg(test)]
mod tests;
