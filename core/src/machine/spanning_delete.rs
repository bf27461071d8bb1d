//! A delete of an interval over several cores, evaluated some keys at a time: one request may name
//! every key there is.
//!
//! One that wants the deleted pairs is planned in one piece instead, as its values may have to come
//! from disk before it takes a revision; what the cores tell of them is bounded.

use braid_storage::ids::Revision;

use super::Core;
use super::mail::ReplyTo;
use super::round::{Round, Split};
use super::writes::{PendingWrite, WriteRequest};
use crate::api::{DeleteRangeResponse, Response};
use crate::evaluate::{PlannedAction, PlannedChange};
use crate::interval::Interval;
use crate::kv_list::KvList;

/// A delete under way. Its keys leave the round's view as they are taken.
pub(super) struct SpanningDelete {
    to: ReplyTo,
    interval: Interval,
    revision: Revision,
    deleted: u32,
    split: Split,
}

impl Core {
    /// Begins `write` if it is a delete to be evaluated here, and deletes anything.
    pub(super) fn begin_spanning_delete(
        &mut self,
        write: &PendingWrite,
        round: &mut Round,
    ) -> bool {
        let WriteRequest::DeleteRange(delete) = &write.request else { return false };
        let interval = Interval::new(delete.key.clone(), delete.range_end.clone());
        if delete.prev_kv || round.view.first_keys(&interval, 1).is_empty() {
            return false;
        }
        // The part that is taken here is the hold until all cores cover the revision.
        let revision = self.sequencer.take(1);
        let (to, split) = (write.to, Split::default());
        round.deleting = Some(SpanningDelete { to, interval, revision, deleted: 0, split });
        true
    }

    /// Takes the next keys, `max` at most; how many they were.
    pub(super) fn delete_on(
        &mut self,
        mut delete: SpanningDelete,
        round: &mut Round,
        max: usize,
    ) -> usize {
        let keys = round.view.first_keys(&delete.interval, max);
        if keys.is_empty() {
            self.finish_spanning_delete(delete, round);
            return 1;
        }
        let tombstone = |(sub, key)| PlannedChange { sub, key, action: PlannedAction::Delete };
        let changes: Vec<PlannedChange> = (delete.deleted..).zip(keys).map(tombstone).collect();
        round.view.apply(delete.revision, &changes);
        let count = changes.len();
        // The keys in memory bound it, far below what 32 bits hold.
        delete.deleted += count as u32;
        changes.into_iter().for_each(|change| delete.split.add(&self.routing, change));
        round.deleting = Some(delete);
        count
    }

    fn finish_spanning_delete(&mut self, delete: SpanningDelete, round: &mut Round) {
        let SpanningDelete { to, revision, deleted, split, .. } = delete;
        split.finish(revision, &[], &mut round.outcomes);
        let (deleted, prev_kvs) = (i64::from(deleted), KvList::default());
        let response = DeleteRangeResponse { revision, deleted, prev_kvs };
        self.waiters.hold(revision, to, Ok(Response::DeleteRange(response)));
    }
}
