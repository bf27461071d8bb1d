//! What a transaction may touch, whichever branches run: which shards and leases take part.

use bytes::Bytes;

use crate::api::{Operation, TxnRequest};
use crate::ids::{LeaseId, Revision};
use crate::interval::Interval;

/// The keys that a transaction may read or write. Nothing is listed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Single keys, in order.
    pub keys: Vec<Bytes>,
    /// Intervals that may hold many, in order.
    pub intervals: Vec<Interval>,
}

/// The footprint of `request`: compares and both branches, nested ones too.
#[must_use]
pub fn keys_and_intervals(request: &TxnRequest) -> Footprint {
    let mut footprint = Footprint::default();
    footprint.add_txn(request);
    sort_dedup(&mut footprint.keys);
    sort_dedup(&mut footprint.intervals);
    footprint
}

/// The leases that puts of `request` name, in order.
#[must_use]
pub fn leases_named(request: &TxnRequest) -> Vec<LeaseId> {
    let mut leases = Vec::new();
    for_each_operation(request, &mut |operation| {
        if let Operation::Put(put) = operation
            && put.lease != LeaseId(0)
        {
            leases.push(put.lease);
        }
    });
    sort_dedup(&mut leases);
    leases
}

/// The ranges that read at a revision of their own: what they read, and the revision.
#[must_use]
pub fn historical(request: &TxnRequest) -> Vec<(Interval, Revision)> {
    let mut found = Vec::new();
    for_each_operation(request, &mut |operation| {
        if let Operation::Range(range) = operation
            && let Some(revision) = u64::try_from(range.revision).ok().filter(|r| *r > 0)
        {
            let interval = Interval::new(range.key.clone(), range.range_end.clone());
            found.push((interval, Revision(revision)));
        }
    });
    found
}

/// Whether a transaction can be answered as a read. One with another inside cannot, as in etcd,
/// whatever that one does.
#[must_use]
pub fn is_read_only(request: &TxnRequest) -> bool {
    let mut operations = request.success.iter().chain(&request.failure);
    operations.all(|operation| matches!(operation, Operation::Range(_)))
}

/// Whether the member's own state is fresh enough for a read-only transaction: true when all its
/// ranges say so, and so, as in etcd, when there is none.
#[must_use]
pub fn is_serializable(request: &TxnRequest) -> bool {
    let mut operations = request.success.iter().chain(&request.failure);
    operations.all(|operation| matches!(operation, Operation::Range(range) if range.serializable))
}

impl Footprint {
    /// All of it as intervals.
    pub fn into_intervals(self) -> Vec<Interval> {
        self.keys.into_iter().map(Interval::single).chain(self.intervals).collect()
    }

    fn add_txn(&mut self, request: &TxnRequest) {
        for compare in &request.compare {
            self.add(&compare.key, &compare.range_end);
        }
        for operation in request.success.iter().chain(&request.failure) {
            match operation {
                Operation::Range(range) => self.add(&range.key, &range.range_end),
                Operation::Put(put) => self.keys.push(put.key.clone()),
                Operation::DeleteRange(delete) => self.add(&delete.key, &delete.range_end),
                Operation::Txn(txn) => self.add_txn(txn),
                Operation::Missing => (),
            }
        }
    }

    fn add(&mut self, key: &Bytes, range_end: &Bytes) {
        let interval = Interval::new(key.clone(), range_end.clone());
        if interval.is_single() {
            self.keys.push(interval.start);
        } else if !interval.is_empty() {
            self.intervals.push(interval);
        }
    }
}

fn for_each_operation<'a>(request: &'a TxnRequest, visitor: &mut dyn FnMut(&'a Operation)) {
    for operation in request.success.iter().chain(&request.failure) {
        visitor(operation);
        if let Operation::Txn(inner) = operation {
            for_each_operation(inner, visitor);
        }
    }
}

fn sort_dedup<T: Ord>(items: &mut Vec<T>) {
    items.sort_unstable();
    items.dedup();
}
