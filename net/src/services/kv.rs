//! etcdserverpb.KV: its requests in the engine's words.

use braid_core::api::{
    CompactRequest, Compare, CompareTarget, DeleteRangeRequest, Delivery, Operation, PutRequest,
    RangeRequest, TxnRequest,
};
use braid_core::error::Code;
use braid_storage::ids::LeaseId;
use bytes::Bytes;

use crate::grpc::status::Status;
use crate::limits::TXN_DEPTH;
use crate::proto::etcdserverpb as pb;
use crate::services::decode;

/// A RangeRequest.
#[must_use]
pub fn range(request: pb::RangeRequest, delivery: Delivery) -> RangeRequest {
    RangeRequest {
        key: request.key,
        range_end: request.range_end,
        limit: request.limit,
        revision: request.revision,
        sort_order: request.sort_order,
        sort_target: request.sort_target,
        serializable: request.serializable,
        keys_only: request.keys_only,
        count_only: request.count_only,
        min_mod_revision: request.min_mod_revision,
        max_mod_revision: request.max_mod_revision,
        min_create_revision: request.min_create_revision,
        max_create_revision: request.max_create_revision,
        delivery,
    }
}

/// A PutRequest.
#[must_use]
pub fn put(request: pb::PutRequest) -> PutRequest {
    PutRequest {
        key: request.key,
        value: request.value,
        lease: LeaseId(request.lease),
        prev_kv: request.prev_kv,
        ignore_value: request.ignore_value,
        ignore_lease: request.ignore_lease,
    }
}

/// A DeleteRangeRequest.
#[must_use]
pub fn delete_range(request: pb::DeleteRangeRequest) -> DeleteRangeRequest {
    let pb::DeleteRangeRequest { key, range_end, prev_kv } = request;
    DeleteRangeRequest { key, range_end, prev_kv }
}

/// A CompactionRequest.
#[must_use]
pub fn compact(request: pb::CompactionRequest) -> CompactRequest {
    CompactRequest { revision: request.revision, physical: request.physical }
}

/// A TxnRequest.
///
/// # Errors
/// When one inside cannot be read, or they nest too deep.
pub fn txn(request: pb::TxnRequest) -> Result<TxnRequest, Status> {
    txn_at(request, TXN_DEPTH)
}

fn txn_at(request: pb::TxnRequest, depth: usize) -> Result<TxnRequest, Status> {
    let below = depth.checked_sub(1).ok_or(Status::new(
        Code::InvalidArgument,
        "etcdserver: too many operations in txn request",
    ))?;
    let branch = |operations: Vec<pb::RequestOp>| {
        operations.into_iter().map(|part| operation(part, below)).collect::<Result<Vec<_>, _>>()
    };
    Ok(TxnRequest {
        compare: request.compare.into_iter().map(compare).collect(),
        success: branch(request.success)?,
        failure: branch(request.failure)?,
    })
}

fn operation(part: pb::RequestOp, depth: usize) -> Result<Operation, Status> {
    use pb::request_op::Request;
    Ok(match part.request {
        None => Operation::Missing,
        Some(Request::RequestRange(request)) => Operation::Range(range(request, Delivery::Whole)),
        Some(Request::RequestPut(request)) => Operation::Put(put(request)),
        Some(Request::RequestDeleteRange(request)) => Operation::DeleteRange(delete_range(request)),
        Some(Request::RequestTxn(request)) => Operation::Txn(txn_at(decode(request)?, depth)?),
    })
}

fn compare(compare: pb::Compare) -> Compare {
    let target = target(compare.target, compare.target_union);
    Compare { key: compare.key, range_end: compare.range_end, result: compare.result, target }
}

/// The value counts only when it is of the target's kind; otherwise it is the default.
fn target(target: i32, union: Option<pb::compare::TargetUnion>) -> CompareTarget {
    use pb::compare::{CompareTarget as Target, TargetUnion as Union};
    match (Target::try_from(target), union) {
        (Ok(Target::Version), Some(Union::Version(value))) => CompareTarget::Version(value),
        (Ok(Target::Create), Some(Union::CreateRevision(value))) => CompareTarget::Create(value),
        (Ok(Target::Mod), Some(Union::ModRevision(value))) => CompareTarget::Mod(value),
        (Ok(Target::Value), Some(Union::Value(value))) => CompareTarget::Value(value),
        (Ok(Target::Lease), Some(Union::Lease(value))) => CompareTarget::Lease(value),
        (Ok(target), _) => default_target(target),
        (Err(_), _) => CompareTarget::Unknown,
    }
}

fn default_target(target: pb::compare::CompareTarget) -> CompareTarget {
    use pb::compare::CompareTarget as Target;
    match target {
        Target::Version => CompareTarget::Version(0),
        Target::Create => CompareTarget::Create(0),
        Target::Mod => CompareTarget::Mod(0),
        Target::Value => CompareTarget::Value(Bytes::new()),
        Target::Lease => CompareTarget::Lease(0),
    }
}
