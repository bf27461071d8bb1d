//! Writes a history down while it happens.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use braid_core::api::{Request, Response, WatchCreate, WatchResponse};
use braid_core::error::Error;
use braid_core::ids::LeaseId;

use crate::wire::{self, Head, Line};

/// A history under way. Calls must be noted before they are sent, answers after they arrived, and
/// times (in nanoseconds) must not go back.
#[derive(Clone, Debug)]
pub struct Recorder {
    lines: Vec<Line>,
    clients: BTreeSet<u64>,
    /// Calls without a return: who made them.
    open: BTreeMap<u64, u64>,
    last_time: u64,
}

impl Recorder {
    /// A history that begins.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Self {
            lines: vec![Line::History(head)],
            clients: BTreeSet::new(),
            open: BTreeMap::new(),
            last_time: 0,
        }
    }

    /// `client` is about to send a request, as call `id`. Requests that no client can send are
    /// not noted.
    pub fn call(&mut self, client: u64, id: u64, time: u64, request: &Request) {
        let Some(request) = wire::request(request) else { return };
        self.open.insert(id, client);
        let member = String::new();
        self.add(client, time, Line::Call { client, id, time, member, request });
    }

    /// A call was answered.
    pub fn answered(&mut self, id: u64, time: u64, answer: &Result<Response, Error>) {
        let Some(client) = self.open.remove(&id) else { return };
        let response = answer.as_ref().ok().and_then(wire::response);
        let error = answer.as_ref().err().map(Error::to_string);
        self.add(client, time, Line::Return { client, id, time, response, error, lost: None });
    }

    /// Nobody will hear what became of a call.
    pub fn lost(&mut self, id: u64, time: u64, why: &str) {
        let Some(client) = self.open.remove(&id) else { return };
        let lost = Some(why.to_owned());
        let (response, error) = (None, None);
        self.add(client, time, Line::Return { client, id, time, response, error, lost });
    }

    /// `client` is about to open watcher number `watch`, on a stream of its own.
    pub fn watch(&mut self, client: u64, watch: u64, time: u64, create: &WatchCreate) {
        let create = create.into();
        self.add(client, time, Line::Watch { client, watch, stream: 0, time, create });
    }

    /// A watcher was told something.
    pub fn told(&mut self, client: u64, watch: u64, time: u64, response: &WatchResponse) {
        let response = response.into();
        self.add(client, time, Line::Told { client, watch, stream: 0, time, response });
    }

    /// `client` is about to ask for a watcher's end, and goes on listening.
    pub fn cancel(&mut self, client: u64, watch: u64, time: u64) {
        self.add(client, time, Line::Cancel { client, watch, time });
    }

    /// `client` stops listening to a watcher, having waited for all up to `through`, or 0.
    pub fn unwatch(&mut self, client: u64, watch: u64, time: u64, through: u64) {
        self.add(client, time, Line::Unwatch { client, watch, time, through });
    }

    /// `client` knows that it holds a lock, which lives by a lease.
    pub fn hold(&mut self, client: u64, lock: &str, lease: LeaseId, time: u64) {
        let (lock, lease) = (lock.to_owned(), lease.0);
        self.add(client, time, Line::Hold { client, lock, lease, time });
    }

    /// `client` is about to give a lock back, or has lost it.
    pub fn release(&mut self, client: u64, lock: &str, time: u64) {
        self.add(client, time, Line::Release { client, lock: lock.to_owned(), time });
    }

    /// A member starts again. All calls under way are lost. `renewed`: when it stopped, if all
    /// leases have their whole time again since then.
    pub fn restart(&mut self, time: u64, renewed: Option<u64>) {
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            self.lost(id, time, "the member stopped");
        }
        self.last_time = self.last_time.max(time);
        self.lines.push(Line::Restart { time, renewed });
    }

    /// All lines, with the ends of all clients and of the history. Calls under way are lost.
    #[must_use]
    pub fn finish(mut self) -> Vec<Line> {
        let time = self.last_time;
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            self.lost(id, time, "the history ended");
        }
        let ends = self.clients.into_iter().map(|client| Line::End { client: Some(client), time });
        self.lines.extend(ends);
        self.lines.push(Line::End { client: None, time });
        self.lines
    }

    fn add(&mut self, client: u64, time: u64, line: Line) {
        self.clients.insert(client);
        self.last_time = self.last_time.max(time);
        self.lines.push(line);
    }
}

/// Writes lines as text.
///
/// # Errors
/// What writing to `target` says.
pub fn write(lines: &[Line], mut target: impl Write) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut target, line)?;
        target.write_all(b"\n")?;
    }
    target.flush()
}
