//! Deleting the keys of an interval.

use bytes::Bytes;

use crate::api::{DeleteRangeRequest, DeleteRangeResponse};
use crate::evaluate::value::Reader;
use crate::evaluate::{Fetched, Outcome, PlannedAction, PlannedChange, Stop};
use crate::ids::Revision;
use crate::interval::Interval;
use crate::kv_list::KvList;
use crate::version::{Found, View};

/// A delete that cannot fail any more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletePlan {
    keys: Vec<Bytes>,
    prev_kvs: KvList,
}

/// Finds out which keys a valid delete will hit.
///
/// # Errors
/// Values must be fetched first.
pub fn plan(
    view: &dyn View,
    request: &DeleteRangeRequest,
    fetched: &Fetched,
) -> Result<DeletePlan, Stop> {
    let mut reader = Reader::new(fetched);
    let plan = read(view, request, &mut reader);
    reader.finish(plan)
}

/// As [`plan`], with values that must be fetched first left empty and noted by `reader`.
pub(super) fn read(
    view: &dyn View,
    request: &DeleteRangeRequest,
    reader: &mut Reader<'_>,
) -> DeletePlan {
    let mut plan = DeletePlan::default();
    let mut hit = |key: Bytes, found: Found<'_>| {
        if request.prev_kv {
            plan.prev_kvs.push(&key, reader.read_or_empty(&found.value), found.meta);
        }
        plan.keys.push(key);
    };
    let interval = Interval::new(request.key.clone(), request.range_end.clone());
    if interval.is_single() {
        view.get(&request.key).into_iter().for_each(|found| hit(request.key.clone(), found));
    } else {
        view.visit(&interval, &mut |key, found| {
            hit(Bytes::copy_from_slice(key), found);
            true
        });
    }
    plan
}

impl DeletePlan {
    /// Whether it deletes anything, and so needs a revision of its own.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Does the delete: at the revision taken for it if it [changes](Self::changes) anything,
    /// else with `revision` as the last one that it saw.
    #[must_use]
    pub fn execute(self, revision: Revision) -> Outcome<DeleteRangeResponse> {
        self.execute_from(0, revision)
    }

    /// As [`Self::execute`], for a delete whose changes are numbered from `sub` inside its write.
    pub(super) fn execute_from(self, sub: u32, revision: Revision) -> Outcome<DeleteRangeResponse> {
        let response = DeleteRangeResponse {
            revision,
            deleted: i64::try_from(self.keys.len()).unwrap_or(i64::MAX),
            prev_kvs: self.prev_kvs,
        };
        let tombstone = |(sub, key)| PlannedChange { sub, key, action: PlannedAction::Delete };
        let changes = (sub..).zip(self.keys).map(tombstone).collect();
        Outcome { changes, response }
    }
}
