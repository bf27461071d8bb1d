//! A watcher: what it wants, how far it has come, and where it waits.

use braid_storage::ids::Revision;

use super::messages::{HistoryId, InterestId, LiveEvent, Prev};
use super::wait_queue::Ticket;
use crate::api::{Event, WatchCreate};
use crate::port::StreamId;

/// A watcher's slot in its hub. Reused, so it must leave every list together with its watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WatcherKey(pub(super) usize);

/// Where a watcher is on its way to the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Every event up to the delivered watermark is in its stream's queue or sent; live events
    /// come straight to it.
    Synced,
    /// The owners have not all agreed to send.
    AwaitRegistration,
    /// It is at the watermark, but live events beyond it are incomplete.
    AwaitAdvance,
    /// It can take a step.
    Ready(Ticket),
    /// All history queries are taken.
    AwaitQuery(Ticket),
    /// Its stream's queue is full.
    Paused(Ticket),
    /// A history query for it is under way.
    Querying(HistoryId),
}

/// One watcher.
pub(super) struct Watcher {
    pub(super) stream: StreamId,
    /// Its id on the stream.
    pub(super) id: i64,
    pub(super) interest: InterestId,
    /// The start that the client asked for; 0 for none.
    pub(super) start: Revision,
    /// The first revision that it may still get events of. While it is synced, revisions up to
    /// the watermark are done as well.
    pub(super) next: Revision,
    pub(super) stage: Stage,
    /// It began in the present and has not been synced yet: to its client it was never behind.
    pub(super) fresh: bool,
    /// No event was sent since the last progress tick.
    pub(super) quiet: bool,
    pub(super) options: Options,
}

/// What a client chose when it created its watcher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    no_put: bool,
    no_delete: bool,
    pub(super) prev_kv: bool,
    pub(super) fragment: bool,
    pub(super) progress_notify: bool,
}

impl Options {
    pub(super) fn new(create: &WatchCreate) -> Self {
        Self {
            no_put: create.no_put,
            no_delete: create.no_delete,
            prev_kv: create.prev_kv,
            fragment: create.fragment,
            progress_notify: create.progress_notify,
        }
    }

    /// Whether watchers with these and with `other` options are told the same.
    pub(super) fn are_told_as(self, other: Self) -> bool {
        let told = |options: Self| (options.no_put, options.no_delete, options.prev_kv);
        told(self) == told(other)
    }

    /// Whether the filters let `event` pass.
    pub(super) fn pass(self, event: &Event) -> bool {
        !(if event.deleted { self.no_delete } else { self.no_put })
    }

    /// Whether only the history has what a watcher must be told about `live`.
    pub(super) fn need_history(self, live: &LiveEvent) -> bool {
        self.prev_kv && live.prev == Prev::Cold
    }

    /// `event` as the client wants it.
    pub(super) fn shape(self, event: &Event) -> Event {
        let prev_kv = event.prev_kv.clone().filter(|_| self.prev_kv);
        Event { deleted: event.deleted, kv: event.kv.clone(), prev_kv }
    }
}
