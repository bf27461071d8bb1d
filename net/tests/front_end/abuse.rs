//! Clients that break the rules, on purpose or not: each gets its answer, nobody else notices.

use std::rc::Rc;
use std::time::Duration;

use crate::common::client::{Client, Ended, Responses, framed, prefixed, request};
use crate::common::{Setup, connect, engine, front, run};
use braid_net::FrontEnd;
use braid_net::limits::{Limits, TXN_DEPTH};
use braid_net::proto::etcdserverpb as pb;
use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;

const PUT: &str = "/etcdserverpb.KV/Put";
const TXN: &str = "/etcdserverpb.KV/Txn";
const RANGE: &str = "/etcdserverpb.KV/Range";

fn plain(path: &str) -> Request<()> {
    request(path).body(()).expect("a request")
}

fn put(bytes: usize) -> pb::PutRequest {
    let value = Bytes::from(vec![b'v'; bytes]);
    pb::PutRequest { key: "k".into(), value, ..pb::PutRequest::default() }
}

fn range() -> pb::RangeRequest {
    pb::RangeRequest { key: "k".into(), ..pb::RangeRequest::default() }
}

async fn works(client: &Client) {
    let found: Result<pb::RangeResponse, Ended> = client.call(RANGE, &range()).await;
    assert!(found.is_ok(), "{found:?}");
}

async fn refused(client: &Client, request: Request<()>, body: Bytes) -> (u16, u32, String) {
    let ended = client.raw(request, body).await.expect_err("refused");
    (ended.http, ended.code, ended.message)
}

#[test]
fn an_oversized_message_is_refused_in_grpc_gos_words() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let limit = 64 * 1024 + 512 * 1024;
        let (_, code, message) = refused(&client, plain(PUT), framed(&put(limit))).await;
        assert_eq!(code, 8);
        let expected =
            format!("grpc: received message larger than max ({} vs. {limit})", limit + 7);
        assert_eq!(message, expected);
        works(&client).await;
    });
}

#[test]
fn headers_that_are_wrong() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let body = framed(&range());
        let (http, code, message) = refused(&client, plain("/x.Y/Z"), body.clone()).await;
        assert_eq!((http, code, &message[..]), (200, 12, "unknown service x.Y"));
        let (_, code, message) = refused(&client, plain("/etcdserverpb.KV/Z"), body.clone()).await;
        assert_eq!((code, &message[..]), (12, "unknown method Z for service etcdserverpb.KV"));
        let json = Request::post("http://x/etcdserverpb.KV/Range").header("content-type", "text");
        let (http, ..) = refused(&client, json.body(()).expect("valid"), body.clone()).await;
        assert_eq!(http, 415);
        let gzip = request(RANGE).header("grpc-encoding", "gzip").body(()).expect("valid");
        let (_, code, message) = refused(&client, gzip, body).await;
        let expected = "grpc: Decompressor is not installed for grpc-encoding \"gzip\"";
        assert_eq!((code, &message[..]), (12, expected));
        works(&client).await;
    });
}

#[test]
fn messages_that_are_wrong() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let (_, code, _) = refused(&client, plain(RANGE), prefixed(&[0xff; 9])).await;
        assert_eq!(code, 13, "no protobuf");
        let (_, code, message) = refused(&client, plain(RANGE), Bytes::new()).await;
        assert_eq!((code, &message[..]), (2, "EOF"));
        let (_, code, message) = refused(&client, plain(RANGE), framed(&range()).slice(..6)).await;
        assert_eq!((code, &message[..]), (2, "unexpected EOF"));
        works(&client).await;
    });
}

#[test]
fn transactions_nest_as_deep_as_they_may() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        assert!(client.raw(plain(TXN), nested_txns(TXN_DEPTH, &[])).await.is_ok());
        for depth in [TXN_DEPTH + 1, 5000] {
            let (_, code, message) = refused(&client, plain(TXN), nested_txns(depth, &[])).await;
            let expected = "etcdserver: too many operations in txn request";
            assert_eq!((code, &message[..]), (3, expected), "{depth}");
        }
        let (_, code, _) = refused(&client, plain(TXN), nested_txns(3, &[0xff])).await;
        assert_eq!(code, 13, "the innermost is no protobuf");
        works(&client).await;
    });
}

/// So many transactions, one inside the other, by hand: no encoder of ours nests so deep. The
/// innermost is `bytes`.
fn nested_txns(depth: usize, bytes: &[u8]) -> Bytes {
    let mut bytes = bytes.to_vec();
    let wrap = |tag: u8, inner: &[u8]| {
        let mut outer = vec![tag << 3 | 2];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        [outer, inner.to_vec()].concat()
    };
    for _ in 1..depth {
        bytes = wrap(2, &wrap(4, &bytes));
    }
    prefixed(&bytes)
}

#[test]
fn deadlines_of_the_client_and_of_the_server() {
    run(async {
        let engine = engine::Options { stuck_puts: true, ..engine::Options::default() };
        let client = Client::connect(&front(Setup { engine, ..Setup::default() })).await;
        let hasty = request(PUT).header("grpc-timeout", "50m").body(()).expect("valid");
        let (_, code, message) = refused(&client, hasty, framed(&put(1))).await;
        assert_eq!((code, &message[..]), (4, "context deadline exceeded"));
        let (_, code, message) = refused(&client, plain(PUT), framed(&put(1))).await;
        assert_eq!((code, &message[..]), (14, "etcdserver: request timed out"));
        works(&client).await;
    });
}

#[test]
fn a_request_that_never_arrives_whole_is_given_up() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let (response, mut stream) = client.open(plain(PUT)).await;
        stream.send_data(framed(&put(100)).slice(..20), false).expect("open");
        let ended = Responses::new(response.await.expect("headers")).ended().await;
        assert_eq!(ended.code, 14);
        works(&client).await;
    });
}

#[test]
fn past_the_budget_requests_are_turned_away_and_later_ones_served() {
    run(async {
        let engine = engine::Options { stuck_puts: true, ..engine::Options::default() };
        let setup = Setup { engine, budget_bytes: 100_000, ..Setup::default() };
        let client = Client::connect(&front(setup)).await;
        let stuck: Vec<_> = (0..60).map(|_| stuck_put(&client)).collect();
        let mut codes = Vec::new();
        for call in stuck {
            codes.push(call.await.expect("no panic"));
        }
        let turned_away = codes.iter().filter(|(code, _)| *code == 2).count();
        assert!((10..60).contains(&turned_away), "{turned_away}");
        assert!(codes.iter().any(|(_, text)| text == "etcdserver: too many requests"));
        works(&client).await;
    });
}

#[test]
fn one_greedy_connection_leaves_room_for_others() {
    run(async {
        let engine = engine::Options { stuck_puts: true, ..engine::Options::default() };
        let front = front(Setup { engine, budget_bytes: 16 << 20, ..Setup::default() });
        let greedy = Client::connect(&front).await;
        let stuck: Vec<_> = (0..6000).map(|_| stuck_put(&greedy)).collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        works(&Client::connect(&front).await).await;
        let mut turned_away = 0;
        for call in stuck {
            turned_away += usize::from(call.await.expect("no panic").0 == 2);
        }
        assert!(turned_away > 3000, "{turned_away}");
    });
}

#[test]
fn many_calls_given_up_at_once_do_not_end_the_connection() {
    run(async {
        let client = Client::connect(&front(Setup::default())).await;
        let mut calls = Vec::new();
        for _ in 0..300 {
            let (response, mut stream) = client.open(plain(RANGE)).await;
            stream.send_reset(h2::Reason::CANCEL);
            calls.push((response, stream));
        }
        works(&client).await;
    });
}

#[test]
fn an_answer_that_nobody_takes_is_given_up() {
    run(async {
        let front = front(Setup::default());
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(1000);
        let client = Client::with(&front, builder).await;
        let _: pb::PutResponse = client.call(PUT, &put(50_000)).await.expect("a put");
        let (_, response) = client.stream(RANGE, &range(), true).await;
        let mut stalled = response.await.expect("headers").into_body();
        let first = stalled.data().await.expect("a chunk").expect("data");
        tokio::time::sleep(Duration::from_secs(600)).await;
        let _ = stalled.flow_control().release_capacity(first.len());
        let mut total = first.len();
        while let Some(Ok(chunk)) = stalled.data().await {
            total += chunk.len();
            let _ = stalled.flow_control().release_capacity(chunk.len());
        }
        assert!(total < 10_000, "{total}");
        works(&client).await;
    });
}

fn stuck_put(client: &Client) -> tokio::task::JoinHandle<(u32, String)> {
    let client = client.clone();
    spawn_local(async move {
        let (_, code, message) = refused(&client, plain(PUT), framed(&put(1000))).await;
        (code, message)
    })
}

#[test]
fn a_stream_whose_window_stays_shut_blocks_only_itself() {
    run(async {
        let front = front(Setup::default());
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(1000);
        let client = Client::with(&front, builder).await;
        let _: pb::PutResponse = client.call(PUT, &put(50_000)).await.expect("a put");
        let (_, response) = client.stream(RANGE, &range(), true).await;
        let mut stalled = response.await.expect("headers").into_body();
        let first = stalled.data().await.expect("a chunk").expect("data");
        let _: pb::PutResponse = client.call(PUT, &put(10)).await.expect("others go on");
        let mut total = first.len();
        let _ = stalled.flow_control().release_capacity(first.len());
        while let Some(Ok(chunk)) = stalled.data().await {
            total += chunk.len();
            let _ = stalled.flow_control().release_capacity(chunk.len());
        }
        assert!(total > 50_000, "the rest came once the window opened: {total}");
    });
}

#[test]
fn a_client_that_reads_nothing_is_no_longer_read_from() {
    run(async {
        let front = front(Setup::default());
        let feeder = Client::connect(&front).await;
        let _: pb::PutResponse = feeder.call(PUT, &put(60_000)).await.expect("a put");
        let mut socket = connect(&front, 4096);
        socket.write_all(PREFACE).await.expect("written");
        // Windows wide open, so that only the socket can hold the server back.
        socket.write_all(&settings(1 << 30)).await.expect("written");
        socket.write_all(&window_update(1 << 30)).await.expect("written");
        let mut sent = 0;
        let flood = async {
            for id in 0.. {
                if socket.write_all(&raw_range(2 * id + 1)).await.is_err() {
                    break;
                }
                sent += 1;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(30), flood).await;
        // Each answer has 60 KB; without a bound all requests would have been taken.
        assert!(sent < 5000, "{sent}");
        works(&feeder).await;
    });
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// SETTINGS_INITIAL_WINDOW_SIZE.
fn settings(window: u32) -> Vec<u8> {
    frame(4, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat())
}

fn window_update(bytes: u32) -> Vec<u8> {
    frame(8, 0, 0, &bytes.to_be_bytes())
}

fn ping() -> Vec<u8> {
    frame(6, 0, 0, &[7; 8])
}

/// HEADERS and DATA of a Range, with literal header fields.
fn raw_range(stream: u32) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [(":path", RANGE), ("content-type", "application/grpc")] {
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend_from_slice(text.as_bytes());
        }
    }
    [frame(1, 4, stream, &block), frame(0, 1, stream, &framed(&range()))].concat()
}

/// Sends `bytes`, lets the server work, and returns what it said until it closed or `wait`.
async fn converse(front: &Rc<FrontEnd>, bytes: &[u8], wait: Duration) -> (Vec<u8>, bool) {
    let mut socket = connect(front, 1 << 16);
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(wait, socket.read_to_end(&mut answer)).await;
    (answer, read.is_ok())
}

#[test]
fn a_raw_request_is_answered() {
    run(async {
        let front = front(Setup::default());
        let bytes = [PREFACE, &settings(65535), &raw_range(1)].concat();
        let (answer, closed) = converse(&front, &bytes, Duration::from_secs(1)).await;
        assert!(!closed && answer.len() > 50);
    });
}

#[test]
fn a_ping_flood_ends_the_connection_with_enhance_your_calm() {
    run(async {
        let front = front(Setup::default());
        let bytes = [PREFACE, &settings(65535), &ping().repeat(5)].concat();
        let (answer, closed) = converse(&front, &bytes, Duration::from_secs(1)).await;
        assert!(closed);
        let go_away = frame(7, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 0xb]);
        let found = answer.windows(go_away.len()).any(|window| window[3..] == go_away[3..]);
        assert!(found, "{answer:?}");
    });
}

#[test]
fn a_few_pings_are_fine() {
    run(async {
        let front = front(Setup::default());
        let bytes = [PREFACE, &settings(65535), &ping().repeat(3)].concat();
        let (_, closed) = converse(&front, &bytes, Duration::from_secs(60)).await;
        assert!(!closed);
    });
}

#[test]
fn a_client_that_never_answers_the_servers_ping_is_dropped() {
    run(async {
        let limits = Limits {
            keepalive_interval: Duration::from_secs(100),
            keepalive_timeout: Duration::from_secs(20),
            ..Limits::default()
        };
        let front = front(Setup { limits, ..Setup::default() });
        let bytes = [PREFACE, &settings(65535)].concat();
        let (answer, closed) = converse(&front, &bytes, Duration::from_secs(115)).await;
        let pinged = answer.windows(5).any(|window| window == [0, 0, 8, 6, 0]);
        assert!(pinged && !closed, "asked after 100 s");
        let (_, closed) = converse(&front, &bytes, Duration::from_secs(125)).await;
        assert!(closed, "gone after 120 s");
    });
}

#[test]
fn a_client_that_stops_in_the_preface_is_dropped() {
    run(async {
        let front = front(Setup::default());
        let (_, closed) = converse(&front, &PREFACE[..10], Duration::from_secs(60)).await;
        assert!(closed);
    });
}

/// A conversation that works, to be damaged.
fn conversation() -> Vec<u8> {
    [PREFACE, &settings(65535), &raw_range(1), &ping(), &window_update(1000), &raw_range(3)]
        .concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_conversations_never_panic_and_harm_nobody(
        changes in prop::collection::vec((0usize..400, any::<u8>()), 1..6),
        cut in 0usize..400,
    ) {
        let mut bytes = conversation();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut % bytes.len());
        run(async move {
            let front = front(Setup::default());
            converse(&front, &bytes, Duration::from_secs(200)).await;
            works(&Client::connect(&front).await).await;
        });
    }

    #[test]
    fn damaged_messages_of_every_method_never_panic(
        method in 0..braid_net::grpc::method::Method::ALL.len(),
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let method = braid_net::grpc::method::Method::ALL[method];
        let path = format!("/{}/{}", method.service(), method.name());
        run(async move {
            let client = Client::connect(&front(Setup::default())).await;
            let call = client.raw(plain(&path), prefixed(&body));
            let _ = tokio::time::timeout(Duration::from_secs(100), call).await;
            works(&client).await;
        });
    }
}
