//! Watch, leases, locks, elections and health over gRPC, end to end.

use std::rc::Rc;

use crate::common::client::{Client, Ended, Responses, framed};
use crate::common::{Setup, front, run};
use braid_net::FrontEnd;
use braid_net::proto::{etcdserverpb as pb, health, mvccpb, v3electionpb, v3lockpb};
use bytes::Bytes;
use tokio::task::spawn_local;

async fn put(client: &Client, key: &str, value: &str) {
    let (key, value) = (key.to_owned().into(), value.to_owned().into());
    let request = pb::PutRequest { key, value, ..pb::PutRequest::default() };
    let _: pb::PutResponse = client.call("/etcdserverpb.KV/Put", &request).await.expect("a put");
}

async fn delete(client: &Client, key: Bytes) {
    let request = pb::DeleteRangeRequest { key, ..pb::DeleteRangeRequest::default() };
    let outcome = client.call("/etcdserverpb.KV/DeleteRange", &request).await;
    let _: pb::DeleteRangeResponse = outcome.expect("a delete");
}

fn watch_create(key: &'static str) -> pb::WatchRequest {
    use pb::watch_request::RequestUnion as Union;
    let create = pb::WatchCreateRequest { key: key.into(), ..pb::WatchCreateRequest::default() };
    pb::WatchRequest { request_union: Some(Union::CreateRequest(create)) }
}

async fn two() -> (Rc<FrontEnd>, Client, Client) {
    let front = front(Setup::default());
    let (one, other) = (Client::connect(&front).await, Client::connect(&front).await);
    (front, one, other)
}

#[test]
fn a_watch_tells_changes_until_it_is_cancelled() {
    run(async {
        let (_front, client, writer) = two().await;
        let (mut send, response) =
            client.stream("/etcdserverpb.Watch/Watch", &watch_create("a"), false).await;
        let mut watch = Responses::new(response.await.expect("headers"));
        let created: pb::WatchResponse = watch.next().await.expect("a message");
        assert!(created.created && created.header.is_some());
        put(&writer, "b", "unseen").await;
        put(&writer, "a", "seen").await;
        delete(&writer, "a".into()).await;
        let seen: pb::WatchResponse = watch.next().await.expect("an event");
        let kv = seen.events[0].kv.clone().expect("a pair");
        assert_eq!((&kv.value[..], kv.mod_revision, seen.events[0].r#type), (&b"seen"[..], 3, 0));
        let gone: pb::WatchResponse = watch.next().await.expect("an event");
        let tombstone = mvccpb::KeyValue { key: "a".into(), mod_revision: 4, ..Default::default() };
        assert_eq!(gone.events[0].r#type, mvccpb::event::EventType::Delete as i32);
        assert_eq!(gone.events[0].kv, Some(tombstone));
        use pb::watch_request::RequestUnion as Union;
        let cancel = Union::CancelRequest(pb::WatchCancelRequest { watch_id: 0 });
        let unknown = pb::WatchRequest { request_union: None };
        send.send_data(framed(&unknown), false).expect("open");
        let cancel = pb::WatchRequest { request_union: Some(cancel) };
        send.send_data(framed(&cancel), false).expect("open");
        assert!(watch.next::<pb::WatchResponse>().await.expect("a message").canceled);
    });
}

/// So many that their responses leave in several pieces.
#[test]
fn every_watcher_of_a_stream_is_told_once() {
    const WATCHERS: i64 = 200;
    run(async {
        let (_front, client, writer) = two().await;
        let (mut send, response) =
            client.stream("/etcdserverpb.Watch/Watch", &watch_create("a"), false).await;
        let mut watch = Responses::new(response.await.expect("headers"));
        for created in 0..WATCHERS {
            let response: pb::WatchResponse = watch.next().await.expect("a message");
            assert!(response.created && response.watch_id == created);
            if created + 1 < WATCHERS {
                send.send_data(framed(&watch_create("a")), false).expect("open");
            }
        }
        let value = "v".repeat(700);
        put(&writer, "a", &value).await;
        for told in 0..WATCHERS {
            let response: pb::WatchResponse = watch.next().await.expect("an event");
            assert_eq!((response.watch_id, response.events.len()), (told, 1));
            assert!(response.header.is_some_and(|header| header.revision == 2));
            assert_eq!(response.events[0].kv.as_ref().expect("a pair").value, value);
        }
    });
}

#[test]
fn a_half_closed_watch_goes_on() {
    run(async {
        let (_front, client, writer) = two().await;
        let (_, response) =
            client.stream("/etcdserverpb.Watch/Watch", &watch_create("a"), true).await;
        let mut watch = Responses::new(response.await.expect("headers"));
        assert!(watch.next::<pb::WatchResponse>().await.expect("a message").created);
        put(&writer, "a", "x").await;
        assert_eq!(watch.next::<pb::WatchResponse>().await.expect("an event").events.len(), 1);
    });
}

#[test]
fn shutdown_ends_streams_as_unavailable_and_finishes_calls() {
    run(async {
        let (front, client, _) = two().await;
        let (_send, response) =
            client.stream("/etcdserverpb.Watch/Watch", &watch_create("a"), false).await;
        let mut watch = Responses::new(response.await.expect("headers"));
        assert!(watch.next::<pb::WatchResponse>().await.expect("a message").created);
        front.shutdown.begin();
        assert!(watch.next::<pb::WatchResponse>().await.is_none());
        let ended = watch.ended().await;
        assert_eq!((ended.code, &ended.message[..]), (14, "etcdserver: server stopped"));
    });
}

#[test]
fn keepalives_are_answered_in_order_until_the_client_ends() {
    run(async {
        let (_front, client, _) = two().await;
        let keep_alive = |id| pb::LeaseKeepAliveRequest { id };
        let (mut send, response) =
            client.stream("/etcdserverpb.Lease/LeaseKeepAlive", &keep_alive(1), false).await;
        send.send_data(framed(&keep_alive(2)), true).expect("open");
        let mut answers = Responses::new(response.await.expect("headers"));
        for id in [1, 2] {
            let answer: pb::LeaseKeepAliveResponse = answers.next().await.expect("a message");
            assert_eq!((answer.id, answer.ttl), (id, 5));
        }
        assert!(answers.next::<pb::LeaseKeepAliveResponse>().await.is_none());
        assert_eq!(answers.ended().await.code, 0);
    });
}

#[test]
fn lease_calls_and_member_figures() {
    run(async {
        let (_front, client, _) = two().await;
        let request = pb::LeaseTimeToLiveRequest { id: 9, keys: true };
        let path = "/etcdserverpb.Lease/LeaseTimeToLive";
        let time: pb::LeaseTimeToLiveResponse = client.call(path, &request).await.expect("known");
        assert_eq!((time.id, time.ttl, time.granted_ttl, time.keys.len()), (9, 3, 5, 1));
        let request = pb::LeaseRevokeRequest { id: 9 };
        let revoked: Result<pb::LeaseRevokeResponse, Ended> =
            client.call("/etcdserverpb.Lease/LeaseRevoke", &request).await;
        assert_eq!(revoked.expect_err("unknown").code, 5);
        let path = "/etcdserverpb.Maintenance/Status";
        let status: pb::StatusResponse =
            client.call(path, &pb::StatusRequest {}).await.expect("a status");
        assert_eq!((&status.version[..], &status.storage_version[..]), ("3.7.1", "3.7.0"));
        assert_eq!((status.leader, status.db_size), (0x3e, 100));
        let path = "/etcdserverpb.Cluster/MemberList";
        let list: pb::MemberListResponse =
            client.call(path, &pb::MemberListRequest::default()).await.expect("a list");
        assert_eq!(list.header.map(|header| header.revision), Some(0));
        assert_eq!(list.members[0].name, "default");
    });
}

#[test]
fn only_the_whole_server_has_a_health() {
    run(async {
        let (_front, client, _) = two().await;
        let request = |service: &str| health::HealthCheckRequest { service: service.to_owned() };
        let path = "/grpc.health.v1.Health/Check";
        let good: health::HealthCheckResponse = client.call(path, &request("")).await.expect("ok");
        assert_eq!(good.status, 1);
        let bad: Result<health::HealthCheckResponse, Ended> =
            client.call(path, &request("x")).await;
        assert_eq!(bad.expect_err("unknown").code, 5);
        let (_, response) =
            client.stream("/grpc.health.v1.Health/Watch", &request("x"), true).await;
        let mut watch = Responses::new(response.await.expect("headers"));
        assert_eq!(watch.next::<health::HealthCheckResponse>().await.map(|r| r.status), Some(3));
    });
}

const LOCK: &str = "/v3lockpb.Lock/Lock";

fn lock(lease: i64) -> v3lockpb::LockRequest {
    v3lockpb::LockRequest { name: "jobs".into(), lease }
}

#[test]
fn the_second_locker_waits_for_the_first() {
    run(async {
        let (_front, first, second) = two().await;
        let held: v3lockpb::LockResponse = first.call(LOCK, &lock(0x10)).await.expect("held");
        assert_eq!(&held.key[..], b"jobs/10");
        let waiting = spawn_local(async move {
            let held: v3lockpb::LockResponse = second.call(LOCK, &lock(0)).await.expect("held");
            held.key
        });
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        let unlock = v3lockpb::UnlockRequest { key: held.key };
        let _: v3lockpb::UnlockResponse =
            first.call("/v3lockpb.Lock/Unlock", &unlock).await.expect("unlocked");
        assert_eq!(&waiting.await.expect("no panic")[..], b"jobs/4d", "the server's own lease");
    });
}

#[test]
fn a_locker_that_gives_up_leaves_the_queue() {
    run(async {
        let (_front, first, second) = two().await;
        let _: v3lockpb::LockResponse = first.call(LOCK, &lock(1)).await.expect("held");
        let (send, response) = second.stream(LOCK, &lock(2), true).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(exists(&first, "jobs/2").await);
        drop((send, response));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(!exists(&first, "jobs/2").await);
        assert!(exists(&first, "jobs/1").await);
    });
}

async fn exists(client: &Client, key: &'static str) -> bool {
    let request = pb::RangeRequest { key: key.into(), ..pb::RangeRequest::default() };
    let found: pb::RangeResponse =
        client.call("/etcdserverpb.KV/Range", &request).await.expect("a range");
    found.count > 0
}

#[test]
fn a_leader_is_observed_proclaims_and_resigns() {
    run(async {
        let (_front, client, observer) = two().await;
        let name = v3electionpb::LeaderRequest { name: "e".into() };
        let none: Result<v3electionpb::LeaderResponse, Ended> =
            client.call("/v3electionpb.Election/Leader", &name).await;
        assert_eq!(none.expect_err("nobody yet").message, "election: no leader");
        let (_, response) = observer.stream("/v3electionpb.Election/Observe", &name, true).await;
        let request =
            v3electionpb::CampaignRequest { name: "e".into(), lease: 3, value: "v1".into() };
        let path = "/v3electionpb.Election/Campaign";
        let won: v3electionpb::CampaignResponse = client.call(path, &request).await.expect("won");
        let leader = won.leader.expect("a leader");
        assert_eq!((&leader.key[..], leader.lease), (&b"e/3"[..], 3));
        let request =
            v3electionpb::ProclaimRequest { leader: Some(leader.clone()), value: "v2".into() };
        let path = "/v3electionpb.Election/Proclaim";
        let mut seen = Responses::new(response.await.expect("headers"));
        assert_eq!(observed(&mut seen).await, "v1");
        let _: v3electionpb::ProclaimResponse = client.call(path, &request).await.expect("said");
        assert_eq!(observed(&mut seen).await, "v2");
        let resign = v3electionpb::ResignRequest { leader: Some(leader) };
        let _: v3electionpb::ResignResponse =
            client.call("/v3electionpb.Election/Resign", &resign).await.expect("resigned");
        let late: Result<v3electionpb::ProclaimResponse, Ended> = client.call(path, &request).await;
        assert_eq!(late.expect_err("no more").message, "election: not leader");
        let empty = v3electionpb::ProclaimRequest::default();
        let empty: Result<v3electionpb::ProclaimResponse, Ended> = client.call(path, &empty).await;
        assert_eq!(empty.expect_err("no leader key").code, 2);
    });
}

async fn observed(responses: &mut Responses) -> Bytes {
    let message: v3electionpb::LeaderResponse = responses.next().await.expect("a message");
    message.kv.expect("a pair").value
}
