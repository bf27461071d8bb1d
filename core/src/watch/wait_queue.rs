//! A first-in first-out queue of watchers that may leave it from the middle.

use std::collections::BTreeMap;

use super::watcher::WatcherKey;

/// A place in a [`WaitQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// Holds each watcher at most once; its owner keeps the ticket and hands it back to leave, so the
/// queue is never longer than there are watchers.
#[derive(Default)]
pub(super) struct WaitQueue {
    issued: u64,
    waiting: BTreeMap<Ticket, WatcherKey>,
}

impl WaitQueue {
    pub(super) fn push(&mut self, key: WatcherKey) -> Ticket {
        self.issued += 1;
        let ticket = Ticket(self.issued);
        self.waiting.insert(ticket, key);
        ticket
    }

    /// Takes out the watcher that has waited longest.
    pub(super) fn pop(&mut self) -> Option<WatcherKey> {
        self.waiting.pop_first().map(|(_, key)| key)
    }

    /// Gives a place up; one that has been popped already is no place any more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }
}
