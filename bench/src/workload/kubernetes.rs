//! What a Kubernetes control plane does, in small: of twenty clients eight renew node leases, eight
//! let pods come and go, two list pods page by page and two watch them.

use bytes::Bytes;

use crate::client::Method;
use crate::failure::Failure;
use crate::keys::{end_of_prefix, named};
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::{RangeRequest, RangeResponse, WatchCreateRequest};

use super::request::{delete_op, get_op, if_unchanged, put_op};
use super::{prepare, transaction, watch};

const PODS: &str = "/registry/pods/";

/// Clients that repeat the same division of work.
const CYCLE: u64 = 20;

/// Pods that one client keeps, so that lists have something to list.
const PODS_PER_CLIENT: u64 = 50;

/// One client, its work by its number.
pub async fn client(seat: Seat) -> Result<(), Failure> {
    match seat.number % CYCLE {
        0 | 10 => watch_pods(seat).await,
        1 | 11 => list_pods(seat).await,
        even if even.is_multiple_of(2) => transaction::update(seat).await,
        _ => churn_pods(seat).await,
    }
}

/// Pods are created, updated twice (scheduled, running) and deleted.
async fn churn_pods(seat: Seat) -> Result<(), Failure> {
    for pod in 1..PODS_PER_CLIENT {
        let key = named(PODS, seat.number * PODS_PER_CLIENT + pod);
        prepare::put_and_tell(&seat.channel, &key, seat.pick_value()).await?;
    }
    let key = named(PODS, seat.number * PODS_PER_CLIENT);
    seat.started().await;
    let (mut revision, mut life) = (0, 0);
    while let Some(due) = seat.next().await {
        let (kind, then) = match life {
            0 => (Kind::Create, put_op(key.clone(), seat.pick_value())),
            1 | 2 => (Kind::Update, put_op(key.clone(), seat.pick_value())),
            _ => (Kind::Delete, delete_op(key.clone())),
        };
        let otherwise = (life > 0).then(|| get_op(key.clone()));
        let result = if_unchanged(&seat.channel, key.clone(), revision, then, otherwise).await;
        if let Ok(changed) = result {
            life = (life + 1) % 4;
            revision = if life == 0 { 0 } else { changed };
        }
        seat.record(kind, due, result.map(|_| key.len() as u64))?;
    }
    Ok(())
}

async fn list_pods(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    let mut from = Bytes::from_static(PODS.as_bytes());
    while let Some(due) = seat.next().await {
        let request = RangeRequest {
            key: from.clone(),
            range_end: end_of_prefix(PODS.as_bytes()),
            limit: seat.shape().limit,
            ..RangeRequest::default()
        };
        let result: Result<RangeResponse, _> = seat.channel.ask(Method::Range, &request).await;
        from = match &result {
            Ok(RangeResponse { kvs, more: true, .. }) if !kvs.is_empty() => {
                next_page(&kvs[kvs.len() - 1].key)
            }
            _ => Bytes::from_static(PODS.as_bytes()),
        };
        seat.record(Kind::Page, due, result.map(|answer| answer.kvs.len() as u64))?;
    }
    Ok(())
}

fn next_page(last: &[u8]) -> Bytes {
    [last, b"\0"].concat().into()
}

async fn watch_pods(seat: Seat) -> Result<(), Failure> {
    let create = WatchCreateRequest {
        key: Bytes::from_static(PODS.as_bytes()),
        range_end: end_of_prefix(PODS.as_bytes()),
        prev_kv: true,
        ..WatchCreateRequest::default()
    };
    let mut call = watch::watch(&seat.channel, &create, 1).await?;
    seat.started().await;
    let read = async {
        loop {
            let message = call.next().await?;
            seat.count(Kind::Event, watch::events(&message), message.len() as u64);
        }
    };
    seat.until_the_end(read).await.unwrap_or(Ok(()))
}
