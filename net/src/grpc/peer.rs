//! What the streams of one connection share.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::budget::Account;
use crate::front::FrontEnd;
use crate::grpc::gate::Gate;

/// A client's connection, as its streams see it.
pub struct Peer {
    /// The core's front-end.
    pub front: Rc<FrontEnd>,
    /// What the connection holds of the bytes in flight.
    pub account: Rc<Account>,
    /// Lets bytes through to the HTTP/2 machine.
    pub gate: Gate,
    /// The clock, read once a turn.
    pub now: Cell<Duration>,
    /// Something was sent since the client's last PING.
    pub answered: Cell<bool>,
    /// Long-lived streams.
    pub streams: Cell<usize>,
}

impl Peer {
    /// A connection that begins.
    pub fn new(front: Rc<FrontEnd>) -> Rc<Self> {
        let two_messages = 2 * front.limits.max_message_bytes() as u64;
        Rc::new(Self {
            account: Account::new(&front.budget, two_messages),
            now: Cell::new(front.timer.now()),
            front,
            gate: Gate::default(),
            answered: Cell::new(false),
            streams: Cell::new(0),
        })
    }

    /// Notes that `bytes` went to the HTTP/2 machine.
    pub fn note_sent(&self, bytes: usize) {
        self.gate.pass(bytes);
        self.answered.set(true);
    }
}

/// Counts a long-lived stream while it lives.
pub struct StreamCount(Rc<Peer>);

impl StreamCount {
    /// One stream more.
    pub fn new(peer: &Rc<Peer>) -> Self {
        peer.streams.set(peer.streams.get() + 1);
        Self(Rc::clone(peer))
    }
}

impl Drop for StreamCount {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
    }
}
