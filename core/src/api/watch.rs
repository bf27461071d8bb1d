//! What clients ask of watch streams and what they are told.

use std::iter;
use std::sync::Arc;

use braid_storage::ids::Revision;
use bytes::Bytes;

use super::KeyValue;

/// A message from the client on a watch stream.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchRequest {
    /// Start a watcher.
    Create(WatchCreate),
    /// Stop one.
    Cancel {
        /// Its id on the stream.
        watch_id: i64,
    },
    /// Ask how far the whole stream has come.
    Progress,
}

/// etcd's WatchCreateRequest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchCreate {
    /// First key; empty for `"\0"`.
    pub key: Bytes,
    /// As in [`RangeRequest::range_end`].
    pub range_end: Bytes,
    /// First revision wanted; 0 for what comes next.
    pub start_revision: i64,
    /// Tell now and then how far the watcher has come.
    pub progress_notify: bool,
    /// Leave out puts.
    pub no_put: bool,
    /// Leave out deletes.
    pub no_delete: bool,
    /// Send the previous pair with each event.
    pub prev_kv: bool,
    /// Wanted id; 0 lets the server choose.
    pub watch_id: i64,
    /// Split large responses.
    pub fragment: bool,
}

/// etcd's WatchResponse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchResponse {
    /// Revision for the header.
    pub revision: Revision,
    /// The watcher; -1 for the whole stream.
    pub watch_id: i64,
    /// The watcher starts.
    pub created: bool,
    /// The watcher ends.
    pub canceled: bool,
    /// The watcher's start was compacted up to here; 0 otherwise.
    pub compact_revision: i64,
    /// Why it ends.
    pub cancel_reason: String,
    /// More pieces of this response follow.
    pub fragment: bool,
    /// What happened. Watchers that are told the same share it.
    pub events: Arc<[Event]>,
}

/// A response to a watcher of a stream, or the same one to several.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchResponses {
    /// The response, as the first of them gets it.
    pub response: WatchResponse,
    /// The other watchers, each of which gets it with its own id in it, after the first.
    pub others: Vec<i64>,
}

impl WatchResponses {
    /// The watchers' ids.
    pub fn watch_ids(&self) -> impl Iterator<Item = i64> {
        iter::once(self.response.watch_id).chain(self.others.iter().copied())
    }

    /// The responses as the watchers get them.
    pub fn each(&self) -> impl Iterator<Item = WatchResponse> {
        let of = |watch_id| WatchResponse { watch_id, ..self.response.clone() };
        self.watch_ids().map(of)
    }
}

impl From<WatchResponse> for WatchResponses {
    fn from(response: WatchResponse) -> Self {
        Self { response, others: Vec::new() }
    }
}

/// One change, as watchers see it. Cheap to clone: many watchers share one.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whether the key was deleted.
    pub deleted: bool,
    /// The pair; for a delete only its key and mod revision.
    pub kv: KeyValue,
    /// The pair before, when asked for and not compacted.
    pub prev_kv: Option<KeyValue>,
}
