//! A connection's state joined to its socket.

use std::cell::RefCell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::http2::{Fields, Machine};
use super::{Endpoint, Method};
use crate::failure::Failure;

/// Bytes that are read before others get their turn.
const READ_BYTES_PER_TURN: usize = 256 << 10;

/// Room for one read, in bytes.
const READ_BYTES: usize = 64 << 10;

/// What carries a connection: TCP, or TLS over it.
pub trait Socket: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket for S {}

/// A connection that streams share. What they send is written by the driver when all who were
/// woken by the last read have had their turn: many requests, one system call.
pub struct Link {
    machine: RefCell<Machine>,
    driver: RefCell<Option<Waker>>,
}

/// One stream of a connection; dropping it cancels what is still to come.
pub struct Stream {
    link: Rc<Link>,
    id: u32,
}

impl Link {
    /// A connection that begins.
    pub fn new(endpoint: &Endpoint) -> Self {
        let machine = Machine::new(&endpoint.address, endpoint.secure);
        Self { machine: RefCell::new(machine), driver: RefCell::default() }
    }

    /// Opens a stream with its first message.
    pub fn open(
        self: &Rc<Self>,
        method: Method,
        message: Bytes,
        end: bool,
    ) -> Result<Stream, Failure> {
        let id = self.machine.borrow_mut().open(method)?;
        let stream = Stream { link: self.clone(), id };
        stream.send(message, end);
        Ok(stream)
    }

    fn wake_driver(&self) {
        if let Some(driver) = self.driver.borrow_mut().take() {
            driver.wake();
        }
    }

    /// Writes and reads what is possible now.
    fn turn(&self, socket: &mut impl Socket, context: &mut Context<'_>) -> Result<(), Failure> {
        *self.driver.borrow_mut() = Some(context.waker().clone());
        let machine = &mut *self.machine.borrow_mut();
        let lost = |error: io::Error| Failure::Connection(error.to_string());
        write(socket, &mut machine.out, context).map_err(lost)?;
        let more = read(socket, machine, context)?;
        write(socket, &mut machine.out, context).map_err(lost)?;
        if more {
            context.waker().wake_by_ref();
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The driver finds that nobody needs the connection any more.
        self.wake_driver();
    }
}

/// Drives a connection until it fails or nobody needs it.
pub async fn drive(link: Weak<Link>, mut socket: impl Socket) {
    std::future::poll_fn(|context| {
        let Some(link) = link.upgrade() else { return Poll::Ready(()) };
        match link.turn(&mut socket, context) {
            Ok(()) => Poll::Pending,
            Err(failure) => {
                link.machine.borrow_mut().fail(&failure);
                Poll::Ready(())
            }
        }
    })
    .await;
}

fn write(socket: &mut impl Socket, out: &mut Vec<u8>, context: &mut Context<'_>) -> io::Result<()> {
    let mut written = 0;
    while written < out.len()
        && let Poll::Ready(len) = Pin::new(&mut *socket).poll_write(context, &out[written..])?
    {
        if len == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        written += len;
    }
    out.drain(..written);
    // TLS keeps what the connection below had no room for; it comes back here when there is some.
    let _ = Pin::new(socket).poll_flush(context)?;
    Ok(())
}

/// Reads and understands; whether there may be more.
fn read(
    socket: &mut impl Socket,
    machine: &mut Machine,
    context: &mut Context<'_>,
) -> Result<bool, Failure> {
    let mut read = 0;
    while read < READ_BYTES_PER_TURN {
        machine.input.reserve(READ_BYTES);
        let result = pin!(socket.read_buf(&mut machine.input)).poll(context);
        match result {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(0)) => return Err(Failure::Connection("closed by the server".into())),
            Poll::Ready(Ok(len)) => read += len,
            Poll::Ready(Err(error)) => return Err(Failure::Connection(error.to_string())),
        }
        machine.advance()?;
    }
    Ok(true)
}

impl Stream {
    /// Sends a message.
    pub fn send(&self, message: Bytes, end: bool) {
        self.link.machine.borrow_mut().send(self.id, message, end);
        self.link.wake_driver();
    }

    /// The next bytes; none when the server has said everything.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = std::future::poll_fn(|context| {
            self.link.machine.borrow_mut().poll_body(self.id, context.waker())
        });
        let chunk = chunk.await;
        if self.link.machine.borrow().has_output() {
            self.link.wake_driver();
        }
        chunk
    }

    /// Looks at the headers that came.
    pub fn with_fields<T>(&self, look: impl FnOnce(Option<&Fields>) -> T) -> T {
        look(self.link.machine.borrow().fields(self.id))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.link.machine.borrow_mut().close(self.id) {
            self.link.wake_driver();
        }
    }
}
