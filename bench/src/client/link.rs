//! A connection's state joined to its socket.

use std::cell::RefCell;
use std::io;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::net::TcpStream;

use super::Method;
use super::http2::{Fields, Machine};
use crate::failure::Failure;

/// Bytes that are read before others get their turn.
const READ_BYTES_PER_TURN: usize = 256 << 10;

/// Room for one read, in bytes.
const READ_BYTES: usize = 64 << 10;

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
    /// A connection to a server by this name.
    pub fn new(authority: &str) -> Self {
        Self { machine: RefCell::new(Machine::new(authority)), driver: RefCell::default() }
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
    fn turn(&self, socket: &TcpStream, context: &mut Context<'_>) -> Result<(), Failure> {
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
pub async fn drive(link: Weak<Link>, socket: TcpStream) {
    std::future::poll_fn(|context| {
        let Some(link) = link.upgrade() else { return Poll::Ready(()) };
        match link.turn(&socket, context) {
            Ok(()) => Poll::Pending,
            Err(failure) => {
                link.machine.borrow_mut().fail(&failure);
                Poll::Ready(())
            }
        }
    })
    .await;
}

fn write(socket: &TcpStream, out: &mut Vec<u8>, context: &mut Context<'_>) -> io::Result<()> {
    let mut written = 0;
    while written < out.len() && socket.poll_write_ready(context)?.is_ready() {
        match socket.try_write(&out[written..]) {
            Ok(len) => written += len,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    out.drain(..written);
    Ok(())
}

/// Reads and understands; whether there may be more.
fn read(
    socket: &TcpStream,
    machine: &mut Machine,
    context: &mut Context<'_>,
) -> Result<bool, Failure> {
    let lost = |error: io::Error| Failure::Connection(error.to_string());
    let mut read = 0;
    while read < READ_BYTES_PER_TURN {
        if socket.poll_read_ready(context).map_err(lost)?.is_pending() {
            return Ok(false);
        }
        machine.input.reserve(READ_BYTES);
        match socket.try_read_buf(&mut machine.input) {
            Ok(0) => return Err(Failure::Connection("closed by the server".into())),
            Ok(len) => read += len,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(lost(error)),
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
