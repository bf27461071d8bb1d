//! Messages as clients send them: seeds for the target.

use braid_net::grpc::message::{PREFIX_BYTES, framed};
use braid_net::grpc::method::Method;
use braid_net::proto::etcdserverpb as pb;
use braid_net::proto::{health, v3electionpb, v3lockpb};
use bytes::Bytes;

/// Calls that go together, one list for each service.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![keys(), transactions(), leases(), watches(), queues(), maintenance()]
}

fn keys() -> Vec<u8> {
    let range = pb::RangeRequest {
        range_end: Bytes::from_static(b"\0"),
        limit: 1,
        revision: 2,
        sort_order: 2,
        sort_target: 3,
        ..range(b"a")
    };
    let every = pb::RangeRequest {
        keys_only: true,
        count_only: true,
        serializable: true,
        min_mod_revision: 1,
        max_mod_revision: 9,
        min_create_revision: 1,
        max_create_revision: 9,
        ..range.clone()
    };
    [
        call(Method::Put, &put(b"a", 0)),
        call(Method::Put, &pb::PutRequest { prev_kv: true, ignore_value: true, ..put(b"a", 0) }),
        call(Method::Range, &range),
        call(Method::RangeStream, &every),
        call(Method::DeleteRange, &delete(b"a")),
        call(Method::Compact, &pb::CompactionRequest { revision: 3, physical: true }),
    ]
    .concat()
}

fn transactions() -> Vec<u8> {
    use pb::compare::TargetUnion;
    use pb::request_op::Request;
    let compare = |target: i32, union| pb::Compare {
        result: target % 4,
        target,
        key: Bytes::from_static(b"a"),
        range_end: Bytes::from_static(b"c"),
        target_union: Some(union),
    };
    let operation = |request| pb::RequestOp { request: Some(request) };
    let inner = pb::TxnRequest {
        compare: vec![compare(2, TargetUnion::ModRevision(2)), compare(4, TargetUnion::Lease(0))],
        success: vec![operation(Request::RequestRange(range(b"a")))],
        failure: vec![operation(Request::RequestDeleteRange(delete(b"b")))],
    };
    let inner = message(&inner);
    let outer = pb::TxnRequest {
        compare: vec![
            compare(0, TargetUnion::Version(0)),
            compare(1, TargetUnion::CreateRevision(0)),
            compare(3, TargetUnion::Value(Bytes::from_static(b"v"))),
        ],
        success: vec![
            operation(Request::RequestPut(put(b"a", 0))),
            operation(Request::RequestTxn(inner.clone())),
        ],
        failure: vec![
            operation(Request::RequestTxn(inner)),
            operation(Request::RequestPut(put(b"c", 0))),
        ],
    };
    [call(Method::Put, &put(b"a", 0)), call(Method::Txn, &outer), call(Method::Txn, &outer)]
        .concat()
}

fn leases() -> Vec<u8> {
    let (id, keys) = (7, true);
    [
        call(Method::LeaseGrant, &pb::LeaseGrantRequest { ttl: 60, id }),
        call(Method::Put, &put(b"a", id)),
        call(Method::LeaseKeepAlive, &pb::LeaseKeepAliveRequest { id }),
        call(Method::LeaseTimeToLive, &pb::LeaseTimeToLiveRequest { id, keys }),
        call(Method::LeaseLeases, &pb::LeaseLeasesRequest {}),
        call(Method::LeaseRevoke, &pb::LeaseRevokeRequest { id }),
    ]
    .concat()
}

fn watches() -> Vec<u8> {
    use pb::watch_request::RequestUnion;
    let request = |union| pb::WatchRequest { request_union: Some(union) };
    let create = pb::WatchCreateRequest {
        key: Bytes::from_static(b"a"),
        range_end: Bytes::from_static(b"\0"),
        start_revision: 1,
        progress_notify: true,
        filters: vec![1],
        prev_kv: true,
        watch_id: 5,
        fragment: true,
    };
    let cancel = pb::WatchCancelRequest { watch_id: 5 };
    [
        call(Method::Put, &put(b"a", 0)),
        call(Method::Watch, &request(RequestUnion::CreateRequest(create))),
        call(Method::Watch, &request(RequestUnion::ProgressRequest(pb::WatchProgressRequest {}))),
        call(Method::Watch, &request(RequestUnion::CancelRequest(cancel))),
    ]
    .concat()
}

fn queues() -> Vec<u8> {
    let name = Bytes::from_static(b"q");
    let (key, value) = (Bytes::from_static(b"q/7"), Bytes::from_static(b"me"));
    let leader = v3electionpb::LeaderKey { name: name.clone(), key: key.clone(), rev: 3, lease: 7 };
    let named = v3electionpb::LeaderRequest { name: name.clone() };
    let campaign =
        v3electionpb::CampaignRequest { name: name.clone(), lease: 7, value: value.clone() };
    let proclaim = v3electionpb::ProclaimRequest { leader: Some(leader.clone()), value };
    [
        call(Method::LeaseGrant, &pb::LeaseGrantRequest { ttl: 60, id: 7 }),
        call(Method::Lock, &v3lockpb::LockRequest { name, lease: 7 }),
        call(Method::Unlock, &v3lockpb::UnlockRequest { key }),
        call(Method::Campaign, &campaign),
        call(Method::Proclaim, &proclaim),
        call(Method::Leader, &named),
        call(Method::Observe, &named),
        call(Method::Resign, &v3electionpb::ResignRequest { leader: Some(leader) }),
    ]
    .concat()
}

fn maintenance() -> Vec<u8> {
    let service = String::new();
    [
        call(Method::MemberList, &pb::MemberListRequest { linearizable: true }),
        call(Method::Status, &pb::StatusRequest {}),
        call(Method::Hash, &pb::HashRequest {}),
        call(Method::HashKv, &pb::HashKvRequest { revision: 1 }),
        call(Method::Alarm, &pb::AlarmRequest { action: 1, member_id: 1, alarm: 1 }),
        call(Method::Defragment, &pb::HashRequest {}),
        call(Method::HealthCheck, &health::HealthCheckRequest { service }),
    ]
    .concat()
}

fn message(message: &impl prost::Message) -> Bytes {
    framed(message).slice(PREFIX_BYTES..)
}

fn call(method: Method, request: &impl prost::Message) -> Vec<u8> {
    let message = message(request);
    let len = u16::try_from(message.len()).expect("a small message");
    [&[method as u8], &len.to_le_bytes()[..], &message[..]].concat()
}

fn range(key: &'static [u8]) -> pb::RangeRequest {
    pb::RangeRequest { key: Bytes::from_static(key), ..pb::RangeRequest::default() }
}

fn put(key: &'static [u8], lease: i64) -> pb::PutRequest {
    let (key, value) = (Bytes::from_static(key), Bytes::from_static(b"v"));
    pb::PutRequest { key, value, lease, ..pb::PutRequest::default() }
}

fn delete(key: &'static [u8]) -> pb::DeleteRangeRequest {
    let (key, range_end) = (Bytes::from_static(key), Bytes::from_static(b"z"));
    pb::DeleteRangeRequest { key, range_end, prev_kv: true }
}
