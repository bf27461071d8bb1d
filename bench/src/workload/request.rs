//! The requests that workloads send.

use bytes::Bytes;

use crate::client::{Channel, Method, framed};
use crate::failure::Failure;
use crate::proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::proto::etcdserverpb::request_op::Request;
use crate::proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse,
};

/// Puts a pair; how many bytes it has.
pub async fn put(channel: &Channel, key: Bytes, value: Bytes) -> Result<u64, Failure> {
    let bytes = (key.len() + value.len()) as u64;
    let request = PutRequest { key, value, ..PutRequest::default() };
    channel.unary(Method::Put, framed(&request)).await?;
    Ok(bytes)
}

/// Asks for an interval; how many bytes the answer has.
pub async fn range(channel: &Channel, request: &RangeRequest) -> Result<u64, Failure> {
    Ok(channel.unary(Method::Range, framed(request)).await?.len() as u64)
}

/// A linearizable read of one key.
pub fn one(key: Bytes) -> RangeRequest {
    RangeRequest { key, ..RangeRequest::default() }
}

/// A read of an interval.
pub fn interval((key, range_end): (Bytes, Bytes)) -> RangeRequest {
    RangeRequest { key, range_end, ..RangeRequest::default() }
}

/// A put within a transaction.
pub fn put_op(key: Bytes, value: Bytes) -> RequestOp {
    let put = PutRequest { key, value, ..PutRequest::default() };
    RequestOp { request: Some(Request::RequestPut(put)) }
}

/// A read of one key within a transaction.
pub fn get_op(key: Bytes) -> RequestOp {
    RequestOp { request: Some(Request::RequestRange(one(key))) }
}

/// A deletion of one key within a transaction.
pub fn delete_op(key: Bytes) -> RequestOp {
    let delete = DeleteRangeRequest { key, ..DeleteRangeRequest::default() };
    RequestOp { request: Some(Request::RequestDeleteRange(delete)) }
}

/// What Kubernetes asks: do this if the key was last changed by that revision, 0 meaning that it
/// is not there; otherwise that.
pub async fn if_unchanged(
    channel: &Channel,
    key: Bytes,
    revision: i64,
    then: RequestOp,
    otherwise: Option<RequestOp>,
) -> Result<i64, Failure> {
    let compare = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key,
        target_union: Some(TargetUnion::ModRevision(revision)),
        ..Compare::default()
    };
    let request = TxnRequest {
        compare: vec![compare],
        success: vec![then],
        failure: otherwise.into_iter().collect(),
    };
    let answer: TxnResponse = channel.ask(Method::Txn, &request).await?;
    match answer.header {
        _ if !answer.succeeded => Err(Failure::Answer("the key was changed by someone else")),
        Some(header) => Ok(header.revision),
        None => Err(Failure::Answer("no header")),
    }
}
