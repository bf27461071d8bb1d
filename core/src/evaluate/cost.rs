//! What a write may cost in space, for the quota.

use crate::api::{Operation, PutRequest, TxnRequest};

/// Bytes that a pair takes beside key and value, as etcd estimates it.
const PAIR_OVERHEAD: u64 = 256;

/// Bytes that a lease takes, as etcd estimates it.
pub const LEASE: u64 = 64;

/// Bytes that a put takes.
#[must_use]
pub fn put(request: &PutRequest) -> u64 {
    PAIR_OVERHEAD + request.key.len() as u64 + request.value.len() as u64
}

/// Bytes that a transaction takes at most; 0 when it puts nothing.
#[must_use]
pub fn txn(request: &TxnRequest) -> u64 {
    branch(&request.success).max(branch(&request.failure))
}

fn branch(operations: &[Operation]) -> u64 {
    let cost = |operation: &Operation| match operation {
        Operation::Put(request) => put(request),
        Operation::Txn(request) => txn(request),
        Operation::Range(_) | Operation::DeleteRange(_) | Operation::Missing => 0,
    };
    operations.iter().map(cost).sum()
}
