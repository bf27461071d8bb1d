//! A delete of many keys that all live on this core: its keys are gathered some at a time, while no
//! other write is evaluated here.
//!
//! Then it is carried out in one piece, as a write that has its revision must show as a whole to
//! the next one, and later to readers: inserting, encoding and applying take well under a
//! microsecond a key each.

use super::Core;
use super::mail::ReplyTo;
use super::reads::after;
use super::writes::{PendingWrite, WriteRequest};
use crate::api::{DeleteRangeResponse, Response};
use crate::evaluate::{PlannedAction, PlannedChange};
use crate::interval::Interval;
use crate::kv_list::KvList;
use crate::version::View;

/// A delete whose keys are being gathered.
pub(super) struct LocalDelete {
    to: ReplyTo,
    /// Where the keys are that are not gathered yet.
    rest: Interval,
    changes: Vec<PlannedChange>,
}

impl Core {
    /// Begins `write` if it is a delete of more keys than one step may look at. One that wants the
    /// deleted pairs is planned in one piece, since its answer holds them all anyway.
    pub(super) fn begin_local_delete(&mut self, write: &PendingWrite) -> bool {
        let WriteRequest::DeleteRange(delete) = &write.request else { return false };
        let rest = Interval::new(delete.key.clone(), delete.range_end.clone());
        if delete.prev_kv || rest.is_single() {
            return false;
        }
        let large = self.shards.count(&rest) > self.config.limits.evaluations_per_step as u64;
        if large {
            self.writes.deleting = Some(LocalDelete { to: write.to, rest, changes: Vec::new() });
        }
        large
    }

    /// Gathers the next keys, `max` at most, and carries the delete out after the last one. Returns
    /// how many they were.
    pub(super) fn delete_locally(&mut self, mut delete: LocalDelete, max: usize) -> usize {
        let before = delete.changes.len();
        let mut complete = true;
        let changes = &mut delete.changes;
        self.shards.visit(&delete.rest, &mut |key, _| {
            complete = changes.len() < before + max;
            if complete {
                let key = bytes::Bytes::copy_from_slice(key);
                let sub = changes.len() as u32;
                changes.push(PlannedChange { sub, key, action: PlannedAction::Delete });
            }
            complete
        });
        let gathered = delete.changes.len() - before;
        match delete.changes.last() {
            Some(last) if !complete => {
                delete.rest.start = after(&last.key);
                self.writes.deleting = Some(delete);
            }
            _ => self.finish_local_delete(delete),
        }
        gathered.max(1)
    }

    fn finish_local_delete(&mut self, delete: LocalDelete) {
        let LocalDelete { to, changes, .. } = delete;
        assert!(!changes.is_empty(), "keys went while no write was evaluated");
        let deleted = changes.len() as i64;
        let revision = self.sequencer.take(1);
        self.write_locally(revision, changes);
        let response = DeleteRangeResponse { revision, deleted, prev_kvs: KvList::default() };
        self.waiters.hold(revision, to, Ok(Response::DeleteRange(response)));
    }
}
