//! Requests that a real etcd does not survive: whoever compares with one must not send them.

use braid_core::api::{Operation, TxnRequest};

/// Whether `request` may make etcd 3.7.1 crash, on every start again. It does so when a delete
/// without end is followed by a put, in the same transaction, that keeps the value or lease of a
/// key that is gone by then. Reported generously: whenever both are somewhere in the request.
#[must_use]
pub fn may_crash_etcd(request: &TxnRequest) -> bool {
    any(request, &|operation| match operation {
        Operation::DeleteRange(delete) => delete.range_end == b"\0"[..],
        _ => false,
    }) && any(request, &|operation| match operation {
        Operation::Put(put) => put.ignore_value || put.ignore_lease,
        _ => false,
    })
}

fn any(request: &TxnRequest, is: &dyn Fn(&Operation) -> bool) -> bool {
    request.success.iter().chain(&request.failure).any(|operation| match operation {
        Operation::Txn(inner) => any(inner, is),
        operation => is(operation),
    })
}
