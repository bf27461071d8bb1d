//! Which keys of an interval a range answers with, and in which order.
//!
//! Equal elements of a sorted answer stay in key order; etcd leaves their order open.

use std::cmp::Ordering;

use crate::api::RangeRequest;
use crate::evaluate::range::Source;
use crate::evaluate::value::Reader;
use crate::ids::LeaseId;
use crate::kv_list::{KvList, KvMeta, KvRef};
use crate::version::Found;

const ORDER_NONE: i32 = 0;
const ORDER_ASCEND: i32 = 1;
const ORDER_DESCEND: i32 = 2;
const TARGET_KEY: i32 = 0;
const TARGET_VERSION: i32 = 1;
const TARGET_CREATE: i32 = 2;
const TARGET_MOD: i32 = 3;
const TARGET_VALUE: i32 = 4;

/// What a range found.
#[derive(Default)]
pub struct Entries {
    /// The pairs.
    pub kvs: KvList,
    /// Whether the limit cut something off.
    pub more: bool,
    /// Keys in the interval, whatever limit and filters say.
    pub count: u64,
}

/// Whether the limit applies before the order does. That includes a request with a target but no
/// order, although its answer is sorted.
pub fn is_default_order(request: &RangeRequest) -> bool {
    request.sort_order == ORDER_NONE
        || request.sort_target == TARGET_KEY && request.sort_order == ORDER_ASCEND
}

/// Whether the answer comes in ascending order of keys.
pub fn is_key_order(request: &RangeRequest) -> bool {
    request.sort_target == TARGET_KEY && request.sort_order != ORDER_DESCEND
}

/// Whether values decide the order.
pub fn orders_by_value(request: &RangeRequest) -> bool {
    request.sort_target == TARGET_VALUE
}

/// Whether the request leaves out keys by their revisions.
pub fn has_filters(request: &RangeRequest) -> bool {
    let bounds = [
        request.min_mod_revision,
        request.max_mod_revision,
        request.min_create_revision,
        request.max_create_revision,
    ];
    bounds != [0; 4]
}

/// Answers in key order: stops at the first key beyond the limit.
pub fn in_key_order(
    source: &Source<'_>,
    request: &RangeRequest,
    reader: &mut Reader<'_>,
) -> Entries {
    let mut answer = Answer::new(request, reader);
    let (mut visited, mut more) = (0, false);
    source.visit(&mut |key, found| {
        visited += 1;
        if passes(request, &found.meta) {
            more = answer.is_full();
            if !more {
                answer.push(key, &found);
            }
        }
        !more
    });
    // Whoever has seen all keys has counted them.
    let count = if more { source.count() } else { visited };
    Entries { kvs: answer.kvs, more, count }
}

/// Answers in the request's own order: looks at all keys, but only reads the values it answers
/// with (and those that it sorts by).
pub fn sorted(source: &Source<'_>, request: &RangeRequest, reader: &mut Reader<'_>) -> Entries {
    let candidates = candidates(source, request, reader);
    let order = sort(&candidates, request);
    let kept = order.len().min(limit(request));
    let mut answer = Answer::new(request, reader);
    for &index in &order[..kept] {
        let candidate = candidates.get(index);
        if request.sort_target == TARGET_VALUE {
            answer.push_candidate(&candidate);
        } else {
            source.find(candidate.key, |found| answer.push(candidate.key, &found));
        }
    }
    Entries { kvs: answer.kvs, more: order.len() > kept, count: source.count() }
}

/// The keys to sort, in key order; with values only when these are sorted by.
fn candidates(source: &Source<'_>, request: &RangeRequest, reader: &mut Reader<'_>) -> KvList {
    let mut candidates = KvList::default();
    let most = candidates_max(request);
    source.visit(&mut |key, found| {
        if passes(request, &found.meta) {
            let by_value = request.sort_target == TARGET_VALUE;
            let value = if by_value { reader.read_or_empty(&found.value) } else { &[] };
            candidates.push(key, value, found.meta);
        }
        candidates.len() < most
    });
    candidates
}

/// A target without an order sorts only what the limit lets through, and one more.
fn candidates_max(request: &RangeRequest) -> usize {
    if is_default_order(request) && !has_filters(request) {
        limit(request).saturating_add(1)
    } else {
        usize::MAX
    }
}

fn sort(candidates: &KvList, request: &RangeRequest) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&left, &right| {
        let ascending = compare(&candidates.get(left), &candidates.get(right), request.sort_target);
        if request.sort_order == ORDER_DESCEND { ascending.reverse() } else { ascending }
    });
    order
}

fn compare(left: &KvRef<'_>, right: &KvRef<'_>, target: i32) -> Ordering {
    match target {
        TARGET_VERSION => left.meta.version.cmp(&right.meta.version),
        TARGET_CREATE => left.meta.create_revision.cmp(&right.meta.create_revision),
        TARGET_MOD => left.meta.mod_revision.cmp(&right.meta.mod_revision),
        TARGET_VALUE => left.value.cmp(right.value),
        _ => left.key.cmp(right.key),
    }
}

fn limit(request: &RangeRequest) -> usize {
    match usize::try_from(request.limit) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    }
}

/// Whether the filters let a pair pass.
pub fn passes(request: &RangeRequest, meta: &KvMeta) -> bool {
    let within = |revision: u64, min: i64, max: i64| {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        (min == 0 || revision >= min) && (max == 0 || revision <= max)
    };
    within(meta.mod_revision.0, request.min_mod_revision, request.max_mod_revision)
        && within(meta.create_revision.0, request.min_create_revision, request.max_create_revision)
}

/// The pairs of an answer as they come together.
struct Answer<'a, 'f> {
    request: &'a RangeRequest,
    limit: usize,
    reader: &'a mut Reader<'f>,
    kvs: KvList,
}

impl<'a, 'f> Answer<'a, 'f> {
    fn new(request: &'a RangeRequest, reader: &'a mut Reader<'f>) -> Self {
        Self { request, limit: limit(request), reader, kvs: KvList::default() }
    }

    fn is_full(&self) -> bool {
        self.kvs.len() >= self.limit
    }

    fn push(&mut self, key: &[u8], found: &Found<'_>) {
        if self.request.keys_only {
            self.push_key(key, found.meta);
        } else {
            self.kvs.push(key, self.reader.read_or_empty(&found.value), found.meta);
        }
    }

    fn push_candidate(&mut self, candidate: &KvRef<'_>) {
        if self.request.keys_only {
            self.push_key(candidate.key, candidate.meta);
        } else {
            self.kvs.push(candidate.key, candidate.value, candidate.meta);
        }
    }

    /// etcd answers most keys-only ranges from an index that does not know leases.
    fn push_key(&mut self, key: &[u8], meta: KvMeta) {
        let knows_lease = self.request.sort_target == TARGET_VALUE;
        let lease = if knows_lease { meta.lease } else { LeaseId(0) };
        self.kvs.push(key, &[], KvMeta { lease, ..meta });
    }
}
