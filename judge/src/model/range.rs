//! Reading.

use std::cmp::Ordering;

use braid_core::api::{RangeRequest, RangeResponse};
use braid_core::error::Error;
use braid_core::kv_list::KvList;
use bytes::Bytes;

use super::{Model, Pair, list};

type Row = (Bytes, Pair);

impl Model {
    /// Answers a range, inside a write with what that has changed so far.
    pub(super) fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        let now = self.shown_revision();
        if request.revision > now.0 as i64 {
            return Err(Error::FutureRevision);
        }
        if request.revision > 0 && request.revision < self.compacted {
            return Err(Error::Compacted);
        }
        let at = if request.revision > 0 { request.revision as u64 } else { now.0 };
        let keys = self.keys_within(&request.key, &request.range_end, at);
        let rows: Vec<Row> = keys.into_iter().collect();
        let count = rows.len() as i64;
        let (kvs, more) =
            if request.count_only { (KvList::default(), false) } else { select(rows, request) };
        Ok(RangeResponse { revision: now, kvs, more, count, ..RangeResponse::default() })
    }
}

fn select(mut rows: Vec<Row>, request: &RangeRequest) -> (KvList, bool) {
    let limit = if request.limit > 0 { request.limit as usize } else { usize::MAX };
    if limit_comes_first(request) {
        rows.truncate(limit.saturating_add(1));
    }
    rows.retain(|(_, pair)| passes(pair, request));
    // The sort is stable: equal elements stay in the order of their keys.
    rows.sort_by(|left, right| match request.sort_order {
        2 => compare(right, left, request.sort_target),
        _ => compare(left, right, request.sort_target),
    });
    let more = rows.len() > limit;
    rows.truncate(limit);
    if request.keys_only {
        rows.iter_mut().for_each(|(_, pair)| blank(pair, request));
    }
    (list(rows.iter().map(|(key, pair)| (key, pair))), more)
}

/// Without an explicit order (and filters) the limit cuts by key before anything is sorted.
fn limit_comes_first(request: &RangeRequest) -> bool {
    let no_filters = request.min_mod_revision == 0
        && request.max_mod_revision == 0
        && request.min_create_revision == 0
        && request.max_create_revision == 0;
    let by_key = request.sort_target == 0 && request.sort_order == 1;
    no_filters && (request.sort_order == 0 || by_key)
}

fn passes(pair: &Pair, request: &RangeRequest) -> bool {
    let modified = pair.mod_revision as i64;
    let created = pair.create_revision as i64;
    (request.max_mod_revision == 0 || modified <= request.max_mod_revision)
        && (request.min_mod_revision == 0 || modified >= request.min_mod_revision)
        && (request.max_create_revision == 0 || created <= request.max_create_revision)
        && (request.min_create_revision == 0 || created >= request.min_create_revision)
}

fn compare((left_key, left): &Row, (right_key, right): &Row, target: i32) -> Ordering {
    match target {
        1 => left.version.cmp(&right.version),
        2 => left.create_revision.cmp(&right.create_revision),
        3 => left.mod_revision.cmp(&right.mod_revision),
        4 => left.value.cmp(&right.value),
        _ => left_key.cmp(right_key),
    }
}

/// A keys-only answer has no lease either, unless etcd had to read the pairs to sort them.
fn blank(pair: &mut Pair, request: &RangeRequest) {
    pair.value = Bytes::new();
    if request.sort_target != 4 {
        pair.lease = 0;
    }
}
