//! What locks and elections are made of: a queue of keys below a prefix, in the order in which
//! they came into being. The state is all in the keys; this is a client of the port.

use std::sync::Arc;

use braid_core::api::{
    Compare, CompareTarget, DeleteRangeRequest, Event, KeyValue, Operation, OperationResponse,
    PutRequest, RangeRequest, Request, Response, TxnRequest, TxnResponse, WatchCreate,
    WatchRequest,
};
use braid_core::error::{Code, Error};
use braid_core::kv_list::KvList;
use braid_core::port::{Port, WatchStream};
use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::grpc::status::Status;

/// Seconds that a lease lives which the server grants because the client named none.
const SESSION_TTL: i64 = 60;

const BY_CREATION: i32 = 2;
const ASCENDING: i32 = 1;
const DESCENDING: i32 = 2;

/// etcd's own client sits between these services and the store, and what it returns as an error
/// reaches the caller as Unknown with the text.
pub fn unknown(error: Error) -> Status {
    Status::with(Code::Unknown, error.to_string())
}

/// Asks the engine.
pub async fn ask(port: &Port, request: Request) -> Result<Response, Status> {
    port.call(request).await.map_err(unknown)
}

/// The lease to work under: the client's or, when it named none, a new one.
pub async fn session(port: &Port, lease: i64) -> Result<LeaseId, Status> {
    if lease != 0 {
        return Ok(LeaseId(lease));
    }
    match ask(port, Request::LeaseGrant { lease: LeaseId(0), ttl: SESSION_TTL }).await? {
        Response::LeaseGrant { lease, .. } => Ok(lease),
        _ => Err(Status::mismatched_answer()),
    }
}

/// Runs a transaction.
pub async fn txn(port: &Port, txn: TxnRequest) -> Result<TxnResponse, Status> {
    match ask(port, Request::Txn(txn)).await? {
        Response::Txn(response) => Ok(response),
        _ => Err(Status::mismatched_answer()),
    }
}

/// The prefix of a queue's keys.
pub fn prefix(name: &[u8]) -> Bytes {
    Bytes::from([name, b"/"].concat())
}

/// The key of `lease` in the queue below `prefix`.
pub fn queue_key(prefix: &[u8], lease: LeaseId) -> Bytes {
    let sign = if lease.0 < 0 { "-" } else { "" };
    let name = format!("{sign}{:x}", lease.0.unsigned_abs());
    Bytes::from([prefix, name.as_bytes()].concat())
}

/// The end of the keys that begin with `prefix`, which ends with a slash.
fn prefix_end(prefix: &[u8]) -> Bytes {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Bytes::from(end)
}

/// The first in the queue below `prefix`.
pub fn first_created(prefix: &Bytes) -> RangeRequest {
    RangeRequest {
        key: prefix.clone(),
        range_end: prefix_end(prefix),
        limit: 1,
        sort_order: ASCENDING,
        sort_target: BY_CREATION,
        ..RangeRequest::default()
    }
}

/// The last in the queue below `prefix` that came not after `newest`.
fn last_created(prefix: &Bytes, newest: Revision) -> RangeRequest {
    RangeRequest {
        sort_order: DESCENDING,
        max_create_revision: newest.0 as i64,
        ..first_created(prefix)
    }
}

/// One key.
pub fn single(key: &Bytes) -> RangeRequest {
    RangeRequest { key: key.clone(), ..RangeRequest::default() }
}

/// A write of one key.
pub fn put(key: &Bytes, value: Bytes, lease: LeaseId) -> Operation {
    Operation::Put(PutRequest { key: key.clone(), value, lease, ..PutRequest::default() })
}

/// The end of one key.
pub fn delete(key: &Bytes) -> DeleteRangeRequest {
    DeleteRangeRequest { key: key.clone(), ..DeleteRangeRequest::default() }
}

/// Holds when the key came into being at `revision`; never, if that is 0.
pub fn created_at(key: &Bytes, revision: Revision) -> Compare {
    let target = CompareTarget::Create(revision.0 as i64);
    Compare { key: key.clone(), range_end: Bytes::new(), result: 0, target }
}

/// The revision of a range's answer and its first pair.
pub async fn get(
    port: &Port,
    request: RangeRequest,
) -> Result<(Revision, Option<KeyValue>), Status> {
    match ask(port, Request::Range(request)).await? {
        Response::Range(response) => Ok((response.revision, first(&response.kvs))),
        _ => Err(Status::mismatched_answer()),
    }
}

/// The first pair of the range at `index` of a transaction's answer.
pub fn found(response: &TxnResponse, index: usize) -> Option<KeyValue> {
    match response.responses.get(index) {
        Some(OperationResponse::Range(range)) => first(&range.kvs),
        _ => None,
    }
}

fn first(kvs: &KvList) -> Option<KeyValue> {
    let kv = kvs.iter().next()?;
    Some(KeyValue {
        key: Bytes::copy_from_slice(kv.key),
        value: Bytes::copy_from_slice(kv.value),
        create_revision: kv.meta.create_revision,
        mod_revision: kv.meta.mod_revision,
        version: kv.meta.version,
        lease: kv.meta.lease,
    })
}

/// The changes of a key, or of all keys below a prefix, from a revision on.
pub struct Changes(WatchStream);

impl Changes {
    /// Of one key.
    pub fn of_key(port: &Port, key: &Bytes, from: Revision) -> Self {
        Self::of(port, key.clone(), Bytes::new(), from)
    }

    /// Of the keys below `prefix`.
    pub fn of_prefix(port: &Port, prefix: &Bytes, from: Revision) -> Self {
        Self::of(port, prefix.clone(), prefix_end(prefix), from)
    }

    fn of(port: &Port, key: Bytes, range_end: Bytes, from: Revision) -> Self {
        let stream = port.watch();
        let start_revision = from.0 as i64;
        let create = WatchCreate { key, range_end, start_revision, ..WatchCreate::default() };
        stream.send(WatchRequest::Create(create));
        Self(stream)
    }

    /// The next changes and the revision at which they were told.
    pub async fn next(&self) -> Result<(Revision, Arc<[Event]>), Status> {
        let response = self.0.next().await.map_err(unknown)?.response;
        if response.compact_revision != 0 {
            return Err(unknown(Error::Compacted));
        }
        if response.canceled {
            return Err(Status::with(Code::Unknown, response.cancel_reason));
        }
        Ok((response.revision, response.events))
    }
}

/// Waits until nobody in the queue below `prefix` came before `revision`.
pub async fn wait_for_turn(port: &Port, prefix: &Bytes, revision: Revision) -> Result<(), Status> {
    loop {
        let before = last_created(prefix, revision.previous());
        let (read_at, Some(kv)) = get(port, before).await? else { return Ok(()) };
        wait_for_delete(port, &kv.key, read_at).await?;
    }
}

async fn wait_for_delete(port: &Port, key: &Bytes, from: Revision) -> Result<(), Status> {
    let changes = Changes::of_key(port, key, from);
    loop {
        let (_, events) = changes.next().await?;
        if events.iter().any(|event| event.deleted) {
            return Ok(());
        }
    }
}

/// Takes a place in a queue back when it is dropped: the caller is gone or waits no more.
pub struct Place<'a> {
    port: &'a Port,
    undo: Option<Request>,
}

impl<'a> Place<'a> {
    /// `undo` gives the place back.
    pub fn new(port: &'a Port, undo: Request) -> Self {
        Self { port, undo: Some(undo) }
    }

    /// The place stays taken.
    pub fn keep(mut self) {
        self.undo = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            // Nobody waits for the answer; the lease ends the place if this fails.
            drop(self.port.call(undo));
        }
    }
}
