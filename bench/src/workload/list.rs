//! Counting and listing everything.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::task::JoinSet;

use crate::client::Method;
use crate::failure::Failure;
use crate::keys;
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::{RangeRequest, RangeResponse};

use super::request::{interval, put, range};

/// Keys for each change between the pinned revision and the newest: 10,000 for a million keys.
const KEYS_PER_CHANGE: u64 = 100;

/// Changes that are under way at once.
const WRITERS: u64 = 100;

/// Counts all keys at a revision, 0 meaning the newest.
pub async fn count(seat: Seat, revision: i64) -> Result<(), Failure> {
    let request = RangeRequest { revision, count_only: true, ..interval(keys::everything()) };
    let answer: RangeResponse = seat.channel.ask(Method::Range, &request).await?;
    if answer.count as u64 != seat.shape().keys.count() {
        return Err(Failure::Answer("not the number of keys that were loaded"));
    }
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = range(&seat.channel, &request).await;
        seat.record(Kind::Count, due, result)?;
    }
    Ok(())
}

/// Changes keys, then counts them as they were before.
pub async fn count_pinned(seat: Seat) -> Result<(), Failure> {
    let revision = newest_revision(&seat).await?;
    let mut writers = JoinSet::new();
    let changes = seat.shape().keys.count() / KEYS_PER_CHANGE;
    for writer in 0..WRITERS {
        let share = (writer..changes).step_by(WRITERS as usize).count();
        let (channel, mut rng) = (seat.channel.clone(), seat.rng.borrow_mut().fork());
        let (keys, value) = (seat.shape().keys.count(), seat.pick_value());
        writers.spawn_local(async move {
            for _ in 0..share {
                put(&channel, keys::key(rng.u64(..keys)), value.clone()).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    for result in writers.join_all().await {
        result?;
    }
    count(seat, revision).await
}

/// Lists all keys page by page, again and again.
pub async fn pages(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    let mut at = Position::default();
    while let Some(due) = seat.next().await {
        let result = page(&seat, &mut at).await;
        seat.record(Kind::Page, due, result)?;
    }
    Ok(())
}

/// How far a list has come.
#[derive(Default)]
struct Position {
    revision: i64,
    after: Option<Bytes>,
}

async fn page(seat: &Seat, at: &mut Position) -> Result<u64, Failure> {
    let mut request = interval(keys::everything());
    request.limit = seat.shape().limit;
    request.revision = at.revision;
    if let Some(after) = &at.after {
        request.key = after.clone();
    }
    let answer: RangeResponse = seat.channel.ask(Method::Range, &request).await?;
    let last = answer.kvs.last().ok_or(Failure::Answer("an empty page"))?;
    if !answer.more {
        *at = Position::default();
    } else {
        let first_revision = answer.header.as_ref().map_or(0, |header| header.revision);
        at.revision = if at.revision == 0 { first_revision } else { at.revision };
        at.after = Some(successor(&last.key));
    }
    Ok(answer.kvs.iter().map(|pair| (pair.key.len() + pair.value.len()) as u64).sum())
}

/// The first key after this one.
fn successor(key: &[u8]) -> Bytes {
    let mut next = BytesMut::with_capacity(key.len() + 1);
    next.put_slice(key);
    next.put_u8(0);
    next.freeze()
}

/// Lists all keys in one answer, again and again.
pub async fn all(seat: Seat) -> Result<(), Failure> {
    whole(seat, Method::Range).await
}

/// The same as a stream of answers.
pub async fn stream(seat: Seat) -> Result<(), Failure> {
    whole(seat, Method::RangeStream).await
}

async fn whole(seat: Seat, method: Method) -> Result<(), Failure> {
    let request = interval(keys::everything());
    let least = seat.shape().keys.count() * least_pair_bytes(&seat);
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = async {
            let bytes = seat.channel.server_stream(method, &request)?.skim().await?;
            if bytes < least { Err(Failure::Answer("less than all keys")) } else { Ok(bytes) }
        };
        seat.record(Kind::List, due, result.await)?;
    }
    Ok(())
}

fn least_pair_bytes(seat: &Seat) -> u64 {
    (keys::key(0).len() + seat.shape().values.least_bytes()) as u64
}

async fn newest_revision(seat: &Seat) -> Result<i64, Failure> {
    let request = RangeRequest { count_only: true, ..interval(keys::everything()) };
    let answer: RangeResponse = seat.channel.ask(Method::Range, &request).await?;
    answer.header.map(|header| header.revision).ok_or(Failure::Answer("no header"))
}
