//! KV over gRPC, end to end.

use crate::common::client::{Client, Ended, Responses, request};
use crate::common::{Setup, engine, front, run};
use braid_net::proto::etcdserverpb as pb;
use bytes::Bytes;
use prost::Message;

fn put(key: &str, value: &[u8]) -> pb::PutRequest {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value));
    pb::PutRequest { key, value, ..pb::PutRequest::default() }
}

fn everything() -> pb::RangeRequest {
    let nul = Bytes::from_static(b"\0");
    pb::RangeRequest { key: nul.clone(), range_end: nul, ..pb::RangeRequest::default() }
}

const PUT: &str = "/etcdserverpb.KV/Put";
const RANGE: &str = "/etcdserverpb.KV/Range";

async fn put_ok(client: &Client, key: &str, value: &[u8]) -> pb::PutResponse {
    client.call(PUT, &put(key, value)).await.expect("a put")
}

#[test]
fn put_then_range_gives_the_pair_and_a_full_header() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        put_ok(&client, "a", b"1").await;
        let mut again = put("a", b"2");
        (again.prev_kv, again.lease) = (true, -5);
        let response: pb::PutResponse = client.call(PUT, &again).await.expect("a put");
        let header = response.header.expect("a header");
        assert_eq!((header.cluster_id, header.member_id, header.raft_term), (0xc1, 0x3e, 2));
        assert_eq!(header.revision, 3);
        assert_eq!(response.prev_kv.map(|kv| (kv.value, kv.version)), Some(("1".into(), 1)));
        let found: pb::RangeResponse = client.call(RANGE, &everything()).await.expect("a range");
        let kv = &found.kvs[0];
        assert_eq!((&kv.key[..], &kv.value[..], kv.lease), (&b"a"[..], &b"2"[..], -5));
        assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (2, 3, 2));
        assert_eq!((found.count, found.more), (1, false));
    });
}

#[test]
fn transactions_nest_both_ways() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        put_ok(&client, "a", b"1").await;
        let response: pb::TxnResponse =
            client.call("/etcdserverpb.KV/Txn", &nested_txn()).await.expect("a txn");
        assert!(response.succeeded);
        use pb::response_op::Response as R;
        let parts: Vec<R> = response.responses.into_iter().filter_map(|op| op.response).collect();
        let [R::ResponsePut(put), R::ResponseTxn(inner)] = &parts[..] else { panic!("{parts:?}") };
        let bare = put.header.expect("a header");
        assert_eq!((bare.revision, bare.cluster_id, bare.raft_term), (3, 0, 0));
        assert!(!inner.succeeded);
        let Some(R::ResponseDeleteRange(deleted)) = &inner.responses[0].response else { panic!() };
        assert_eq!((deleted.deleted, deleted.prev_kvs.len()), (2, 2));
    });
}

/// If a has version 1: put b, then (if a has version 9: nothing, else delete all).
fn nested_txn() -> pb::TxnRequest {
    use pb::request_op::Request as R;
    let op = |request| pb::RequestOp { request: Some(request) };
    let compare = |version| pb::Compare {
        key: "a".into(),
        target_union: Some(pb::compare::TargetUnion::Version(version)),
        ..pb::Compare::default()
    };
    let nul = Bytes::from_static(b"\0");
    let delete = pb::DeleteRangeRequest { key: nul.clone(), range_end: nul, prev_kv: true };
    let inner = pb::TxnRequest {
        compare: vec![compare(9)],
        failure: vec![op(R::RequestDeleteRange(delete))],
        ..pb::TxnRequest::default()
    };
    pb::TxnRequest {
        compare: vec![compare(1)],
        success: vec![
            op(R::RequestPut(put("b", b"2"))),
            op(R::RequestTxn(inner.encode_to_vec().into())),
        ],
        ..pb::TxnRequest::default()
    }
}

#[test]
fn engine_errors_keep_code_and_text() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let outcome: Result<pb::RangeResponse, Ended> =
            client.call(RANGE, &pb::RangeRequest::default()).await;
        let ended = outcome.expect_err("no key");
        assert_eq!((ended.http, ended.code), (200, 3));
        assert_eq!(ended.message, "etcdserver: key is not provided");
    });
}

#[test]
fn a_large_range_arrives_as_one_message_though_it_was_sent_in_chunks() {
    run(async {
        let engine = engine::Options { chunk_keys: Some(3), ..engine::Options::default() };
        let client = Client::connect(&front(Setup { engine, ..Setup::default() })).await;
        for i in 0..100 {
            put_ok(&client, &format!("key{i:03}"), &[b'v'; 5000]).await;
        }
        let found: pb::RangeResponse = client.call(RANGE, &everything()).await.expect("a range");
        assert_eq!((found.kvs.len(), found.count), (100, 100));
        assert!(found.kvs.iter().all(|kv| kv.value.len() == 5000));
        assert_eq!(found.header.map(|header| header.revision), Some(101));
    });
}

#[test]
fn range_stream_has_its_header_in_the_last_message() {
    run(async {
        let engine = engine::Options { chunk_keys: Some(2), ..engine::Options::default() };
        let client = Client::connect(&front(Setup { engine, ..Setup::default() })).await;
        for i in 0..5 {
            put_ok(&client, &format!("key{i}"), b"v").await;
        }
        let path = "/etcdserverpb.KV/RangeStream";
        let (_, response) = client.stream(path, &everything(), true).await;
        let mut responses = Responses::new(response.await.expect("headers"));
        let mut chunks = Vec::new();
        while let Some(chunk) = responses.next::<pb::RangeStreamResponse>().await {
            chunks.push(chunk.range_response.expect("a chunk"));
        }
        let shape: Vec<_> = chunks.iter().map(|c| (c.kvs.len(), c.header.is_some())).collect();
        assert_eq!(shape, [(2, false), (2, false), (1, true)]);
        assert_eq!(chunks.iter().map(|c| c.count).collect::<Vec<_>>(), [0, 0, 99]);
        assert_eq!(responses.ended().await.code, 0);
    });
}

#[test]
fn many_calls_at_once_on_one_connection() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let calls: Vec<_> = (0..500)
            .map(|i| {
                let client = client.clone();
                tokio::task::spawn_local(async move {
                    put_ok(&client, &format!("{i}"), &vec![b'x'; i * 10]).await
                })
            })
            .collect();
        let mut revisions = Vec::new();
        for call in calls {
            let response = call.await.expect("no panic");
            revisions.push(response.header.expect("a header").revision);
        }
        revisions.sort_unstable();
        assert_eq!(revisions, (2..502).collect::<Vec<_>>());
    });
}

#[test]
fn a_method_without_code_says_its_name() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let path = "/etcdserverpb.Cluster/MemberAdd";
        let request = request(path).body(()).expect("a request");
        let ended = client.raw(request, Bytes::from_static(&[0; 5])).await.expect_err("not built");
        assert_eq!((ended.code, &ended.message[..]), (12, "method MemberAdd not implemented"));
    });
}
