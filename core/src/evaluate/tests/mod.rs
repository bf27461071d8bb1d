//! The rules, one by one.

mod delete;
mod footprint;
mod overlaid;
mod put;
mod range;
mod store;
mod txn;
mod validate;

use bytes::Bytes;

use crate::api::{
    Compare, CompareTarget, DeleteRangeRequest, Operation, PutRequest, RangeRequest, TxnRequest,
};
use crate::kv_list::KvList;

fn put(key: &'static str, value: &'static str) -> PutRequest {
    PutRequest { key: Bytes::from(key), value: Bytes::from(value), ..PutRequest::default() }
}

fn range(key: &'static str, range_end: &'static str) -> RangeRequest {
    let (key, range_end) = (Bytes::from(key), Bytes::from(range_end));
    RangeRequest { key, range_end, ..RangeRequest::default() }
}

fn delete(key: &'static str, range_end: &'static str) -> DeleteRangeRequest {
    DeleteRangeRequest { key: Bytes::from(key), range_end: Bytes::from(range_end), prev_kv: false }
}

fn compare(key: &'static str, result: i32, target: CompareTarget) -> Compare {
    Compare { key: Bytes::from(key), range_end: Bytes::new(), result, target }
}

fn then(operations: impl Into<Vec<Operation>>) -> TxnRequest {
    TxnRequest { success: operations.into(), ..TxnRequest::default() }
}

fn keys(kvs: &KvList) -> Vec<&str> {
    kvs.iter().map(|kv| std::str::from_utf8(kv.key).unwrap()).collect()
}

fn values(kvs: &KvList) -> Vec<&str> {
    kvs.iter().map(|kv| std::str::from_utf8(kv.value).unwrap()).collect()
}
