//! Transactions in Kubernetes' three shapes, and over two keys.

use crate::client::{Method, framed};
use crate::failure::Failure;
use crate::keys::named;
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::TxnRequest;

use super::request::{delete_op, get_op, if_unchanged, put_op};

/// Numbers that a client can give to the keys that it creates.
const KEYS_PER_CLIENT: u64 = 1 << 32;

/// Creates keys that were not there.
pub async fn create(seat: Seat) -> Result<(), Failure> {
    let mut number = seat.number * KEYS_PER_CLIENT;
    seat.started().await;
    while let Some(due) = seat.next().await {
        let (key, value) = (named("/registry/created/", number), seat.pick_value());
        number += 1;
        let bytes = (key.len() + value.len()) as u64;
        let put = put_op(key.clone(), value);
        let result = if_unchanged(&seat.channel, key, 0, put, None).await;
        seat.record(Kind::Create, due, result.map(|_| bytes))?;
    }
    Ok(())
}

/// Replaces the value of a key of its own, if nobody else has.
pub async fn update(seat: Seat) -> Result<(), Failure> {
    let key = named("/registry/updated/", seat.number);
    let mut revision = super::prepare::put_and_tell(&seat.channel, &key, seat.pick_value()).await?;
    seat.started().await;
    while let Some(due) = seat.next().await {
        let value = seat.pick_value();
        let bytes = (key.len() + value.len()) as u64;
        let (put, get) = (put_op(key.clone(), value), get_op(key.clone()));
        let result = if_unchanged(&seat.channel, key.clone(), revision, put, Some(get)).await;
        revision = *result.as_ref().unwrap_or(&revision);
        seat.record(Kind::Update, due, result.map(|_| bytes))?;
    }
    Ok(())
}

/// Creates a key and deletes it again; both are measured.
pub async fn delete(seat: Seat) -> Result<(), Failure> {
    let key = named("/registry/deleted/", seat.number);
    seat.started().await;
    let mut revision = 0;
    while let Some(due) = seat.next().await {
        let (kind, then, otherwise) = match revision {
            0 => (Kind::Create, put_op(key.clone(), seat.pick_value()), None),
            _ => (Kind::Delete, delete_op(key.clone()), Some(get_op(key.clone()))),
        };
        let result = if_unchanged(&seat.channel, key.clone(), revision, then, otherwise).await;
        if let Ok(changed) = result {
            revision = if revision == 0 { changed } else { 0 };
        }
        seat.record(kind, due, result.map(|_| key.len() as u64))?;
    }
    Ok(())
}

/// Puts two keys at once; with many shards they are rarely on the same one.
pub async fn pair(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        // From two halves: a transaction must not put a key twice.
        let keys = [seat.pick_key(), named("/registry/second/", seat.pick_number())];
        let mut bytes = 0;
        let success = keys.map(|key| {
            let value = seat.pick_value();
            bytes += (key.len() + value.len()) as u64;
            put_op(key, value)
        });
        let request = TxnRequest { success: success.into(), ..TxnRequest::default() };
        let result = seat.channel.unary(Method::Txn, framed(&request)).await;
        seat.record(Kind::Pair, due, result.map(|_| bytes))?;
    }
    Ok(())
}
