//! Creating and canceling watchers.

use std::time::Duration;

use braid_storage::ids::Revision;
use bytes::Bytes;

use super::hub::WatchHub;
use super::interest::Sharer;
use super::messages::WatchOutput;
use super::watcher::{Options, Stage, Watcher, WatcherKey};
use crate::api::{WatchCreate, WatchResponse};
use crate::interval::Interval;
use crate::port::StreamId;

/// The id in a response that concerns no watcher.
pub(super) const NO_WATCHER: i64 = -1;

/// Why a watcher was not created; the texts are etcd's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum CreateError {
    #[error("etcdserver: mvcc: required revision has been compacted")]
    NegativeStart,
    #[error("mvcc: watcher range is empty")]
    EmptyRange,
    #[error("mvcc: duplicate watch ID provided on the WatchStream")]
    DuplicateId,
    #[error("etcdserver: too many requests")]
    TooManyWatchers,
}

impl WatchHub {
    pub(super) fn create(
        &mut self,
        now: Duration,
        stream: StreamId,
        create: WatchCreate,
        current: Revision,
    ) {
        match self.admit(stream, &create) {
            Ok((id, start)) => {
                self.respond(stream, created(current, id));
                if start != Revision(0) && start < self.compacted {
                    self.respond(stream, compacted(id, self.compacted));
                } else {
                    self.add_watcher(now, stream, id, create, start, current);
                }
            }
            Err(refusal) => {
                let mut response = created(current, NO_WATCHER);
                response.canceled = true;
                response.cancel_reason = refusal.to_string();
                self.respond(stream, response);
            }
        }
    }

    /// Chooses the id and checks the rest.
    fn admit(
        &mut self,
        stream: StreamId,
        create: &WatchCreate,
    ) -> Result<(i64, Revision), CreateError> {
        let start = u64::try_from(create.start_revision).map_err(|_| CreateError::NegativeStart)?;
        if interval(create).is_empty() {
            return Err(CreateError::EmptyRange);
        }
        if self.watchers.len() >= self.config.watchers {
            return Err(CreateError::TooManyWatchers);
        }
        let id = self.streams.get_mut(&stream).and_then(|found| found.choose_id(create.watch_id));
        Ok((id.ok_or(CreateError::DuplicateId)?, Revision(start)))
    }

    fn add_watcher(
        &mut self,
        now: Duration,
        stream_id: StreamId,
        id: i64,
        create: WatchCreate,
        start: Revision,
        current: Revision,
    ) {
        let next = if start == Revision(0) { current.next() } else { start };
        let fresh = next > current;
        let vacant = self.watchers.vacant_entry();
        let key = WatcherKey(vacant.key());
        let sharer = Sharer { stream: stream_id, key };
        let (interest, is_new) = self.interests.join(interval(&create), sharer);
        vacant.insert(Watcher {
            stream: stream_id,
            id,
            interest,
            start,
            next,
            stage: Stage::AwaitRegistration,
            fresh,
            quiet: true,
            options: Options::new(&create),
        });
        if let Some(stream) = self.streams.get_mut(&stream_id) {
            stream.watchers.insert(id, key);
            stream.behind += 1;
            stream.fresh += usize::from(fresh);
        }
        if is_new {
            let interval = self.interests.get(interest).interval.clone();
            self.emit(WatchOutput::Register { interest, interval });
        }
        if create.progress_notify {
            self.start_progress(now, stream_id);
        }
        self.make_ready(key);
    }

    /// The client cancels; an unknown id is ignored.
    pub(super) fn cancel(&mut self, stream: StreamId, id: i64, current: Revision) {
        let known = self.streams.get(&stream).and_then(|found| found.watchers.get(&id));
        if let Some(key) = known.copied() {
            self.remove_watcher(key);
            self.respond(stream, canceled(current, id));
            self.settle_progress(stream);
        }
    }

    /// The history that a watcher needs is gone.
    pub(super) fn cancel_compacted(&mut self, key: WatcherKey, left: Revision) {
        let (stream, id) = (self.watchers[key.0].stream, self.watchers[key.0].id);
        self.remove_watcher(key);
        self.respond(stream, compacted(id, left));
        self.settle_progress(stream);
    }

    /// The history that a watcher needs cannot be read.
    pub(super) fn cancel_failed(&mut self, key: WatcherKey, reason: String) {
        let (stream, id) = (self.watchers[key.0].stream, self.watchers[key.0].id);
        self.remove_watcher(key);
        let response = canceled(self.delivered, id);
        self.respond(stream, WatchResponse { cancel_reason: reason, ..response });
        self.settle_progress(stream);
    }
}

/// A watcher's interval; unlike elsewhere in etcd, an empty key is allowed and means `"\0"`.
fn interval(create: &WatchCreate) -> Interval {
    let key = if create.key.is_empty() { Bytes::from_static(b"\0") } else { create.key.clone() };
    Interval::new(key, create.range_end.clone())
}

fn created(revision: Revision, watch_id: i64) -> WatchResponse {
    WatchResponse { revision, watch_id, created: true, ..WatchResponse::default() }
}

fn canceled(revision: Revision, watch_id: i64) -> WatchResponse {
    WatchResponse { revision, watch_id, canceled: true, ..WatchResponse::default() }
}

/// etcd leaves the header's revision out of this one.
fn compacted(watch_id: i64, left: Revision) -> WatchResponse {
    WatchResponse { compact_revision: left.0 as i64, ..canceled(Revision(0), watch_id) }
}
