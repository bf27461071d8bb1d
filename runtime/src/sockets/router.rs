//! The way of a connection from the accepting core to the one that serves it.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpStream};

use braid_storage::ids::CoreId;

use super::{Permit, Stream};
use crate::mailbox::CoreEnd;

/// Connections taken out of the mailbox at once.
const BATCH: usize = 64;

/// An accepted connection on its way to its core.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    peer: SocketAddr,
    permit: Permit,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, peer: SocketAddr, permit: Permit) -> Self {
        Self { socket, peer, permit }
    }

    /// The core that it belongs to.
    pub fn core(&self) -> CoreId {
        self.permit.core()
    }

    /// The other side's address.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The stream; on the executor of [`Self::core`].
    ///
    /// # Errors
    /// The system's, for example when the other side is gone already.
    pub fn into_stream(self) -> io::Result<Stream> {
        Stream::new(self.socket, Some(self.permit))
    }
}

/// One core's part: serves what is its own, passes on the rest.
pub struct Router {
    end: RefCell<CoreEnd<Connection>>,
    serve: Box<dyn Fn(Connection)>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Router {
    /// `end` is this core's end of mailboxes of connections; `serve` starts a task for one.
    pub fn new(end: CoreEnd<Connection>, serve: impl Fn(Connection) + 'static) -> Self {
        Self { end: RefCell::new(end), serve: Box::new(serve) }
    }

    /// Hands a connection to its core. One that a stalled core's mailbox has no room for is
    /// closed: the client tries again, which is better than to wait unserved.
    pub fn route(&self, connection: Connection) {
        let mut end = self.end.borrow_mut();
        if connection.core() == end.core() {
            drop(end);
            return (self.serve)(connection);
        }
        let to = connection.core();
        match end.try_send(to, connection) {
            Ok(()) => end.announce(),
            Err(lost) => {
                tracing::warn!(peer = %lost.peer, core = %to, "the core is too busy for another connection; it is closed")
            }
        }
    }

    /// Serves what other cores pass on; never completes.
    pub async fn receive(&self) {
        let mut arrived = Vec::with_capacity(BATCH);
        loop {
            self.end.borrow_mut().drain(&mut arrived, BATCH);
            for (_, connection) in arrived.drain(..) {
                (self.serve)(connection);
            }
            poll_fn(|context| self.end.borrow_mut().poll_ready(context)).await;
        }
    }
}
