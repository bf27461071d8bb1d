//! Requests as the workloads put them together.

use braid_core::api::{
    Compare, CompareTarget, Operation, OperationResponse, PutRequest, RangeRequest, RangeResponse,
    Request, Response, TxnRequest,
};
use braid_core::ids::LeaseId;
use bytes::Bytes;

/// One key.
pub(super) fn get(key: &Bytes) -> RangeRequest {
    RangeRequest { key: key.clone(), ..RangeRequest::default() }
}

/// All keys that begin with `prefix`, which does not end with the highest byte.
pub(super) fn all(prefix: &str) -> RangeRequest {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    let key = Bytes::copy_from_slice(prefix.as_bytes());
    RangeRequest { key, range_end: end.into(), ..RangeRequest::default() }
}

pub(super) fn put(key: &Bytes, value: impl Into<Bytes>, lease: LeaseId) -> Operation {
    let (key, value) = (key.clone(), value.into());
    Operation::Put(PutRequest { key, value, lease, ..PutRequest::default() })
}

/// Does `success` where the key was changed last at `revision` (0: is not there), else reads.
pub(super) fn if_unchanged(
    keys: &[(&Bytes, u64)],
    success: Vec<Operation>,
    failure: RangeRequest,
) -> Request {
    let unchanged =
        |(key, revision): &(&Bytes, u64)| equal(key, CompareTarget::Mod(*revision as i64));
    let compare = keys.iter().map(unchanged).collect();
    Request::Txn(TxnRequest { compare, success, failure: vec![Operation::Range(failure)] })
}

/// What must be equal.
pub(super) fn equal(key: &Bytes, target: CompareTarget) -> Compare {
    Compare { key: key.clone(), range_end: Bytes::new(), result: 0, target }
}

/// What was read, by a range or by the transaction's operation number `at`.
pub(super) fn read(answer: &Response, at: usize) -> Option<&RangeResponse> {
    match answer {
        Response::Range(range) => Some(range),
        Response::Txn(txn) => match txn.responses.get(at) {
            Some(OperationResponse::Range(range)) => Some(range),
            _ => None,
        },
        _ => None,
    }
}
