//! One watch stream: which response is whose.

use std::collections::BTreeMap;

use braid_core::api::{WatchCreate, WatchResponse};
use braid_core::ids::CoreId;
use braid_core::port::{Incoming, StreamId};

use super::memory::Memory;
use crate::failure::{Failure, Verdict};
use crate::member::Member;
use crate::workload::Reader;

/// Whose stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Observer,
    Client(usize),
}

impl Owner {
    /// The client's number in the history.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Observer => 0,
            Self::Client(at) => at as u64 + 1,
        }
    }
}

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) core: CoreId,
    pub(super) owner: Owner,
    pub(super) reader: Reader,
    pub(super) watches: Vec<Watch>,
    /// The watches by the ids that the server gave them.
    pub(super) ids: BTreeMap<i64, usize>,
    /// What was delivered and the reader has not taken.
    pub(super) untaken: usize,
    pub(super) closed: bool,
}

/// One watcher, as its client knows it.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// Its number in the history.
    pub(super) number: u64,
    pub(super) create: WatchCreate,
    /// The revision that the server had when it created it.
    pub(super) created: Option<u64>,
    /// The revision from which another watcher goes on where this one is.
    pub(super) next: u64,
    /// It has ended.
    pub(super) canceled: bool,
    /// The client has asked for its end.
    pub(super) cancel_sent: bool,
}

impl Stream {
    pub(super) fn take(&mut self, id: StreamId, member: &mut Member) {
        self.untaken -= 1;
        member.submit(self.core, Incoming::WatchTaken(id));
    }

    /// Writes a response down for the watch that it is for.
    pub(super) fn note(&mut self, memory: &mut Memory, response: &WatchResponse) -> Verdict {
        let client = self.owner.number();
        if response.created {
            return self.created(memory, response);
        }
        if response.watch_id == -1 {
            let open = |watch: &&mut Watch| watch.created.is_some() && !watch.canceled;
            let watches = self.watches.iter_mut().filter(open);
            watches.for_each(|watch| watch.told(memory, client, response));
            return Ok(());
        }
        let Some(watch) = self.ids.get(&response.watch_id) else {
            return Err(Failure::new("watch: only what was asked for", format!("{response:?}")));
        };
        self.watches[*watch].told(memory, client, response);
        Ok(())
    }

    /// Watches are created in the order in which they were asked for.
    fn created(&mut self, memory: &mut Memory, response: &WatchResponse) -> Verdict {
        let waiting = self.watches.iter().position(|watch| watch.created.is_none());
        let Some(watch) = waiting.filter(|_| !response.canceled) else {
            return Err(Failure::new("watch: created once", format!("{response:?}")));
        };
        self.ids.insert(response.watch_id, watch);
        self.watches[watch].told(memory, self.owner.number(), response);
        Ok(())
    }

    /// Nobody listens any more. Those who were not to end have waited for all up to `through`.
    pub(super) fn close(&mut self, memory: &mut Memory, through: u64) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        for watch in &self.watches {
            let through = if watch.cancel_sent { 0 } else { through };
            let (client, time) = (self.owner.number(), memory.time());
            memory.recorder.unwatch(client, watch.number, time, through);
        }
    }
}

impl Watch {
    pub(super) fn new(number: u64, create: WatchCreate) -> Self {
        Self { number, create, created: None, next: 0, canceled: false, cancel_sent: false }
    }

    fn told(&mut self, memory: &mut Memory, client: u64, response: &WatchResponse) {
        let time = memory.time();
        memory.recorder.told(client, self.number, time, response);
        if response.created {
            let asked = self.create.start_revision as u64;
            self.created = Some(response.revision.0);
            self.next = if asked == 0 { response.revision.0 + 1 } else { asked };
        }
        if let Some(event) = response.events.last() {
            self.next = event.kv.mod_revision.0 + 1;
        }
        self.canceled |= response.canceled;
    }
}
