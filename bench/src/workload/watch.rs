//! Watchers.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use crate::client::{Call, Channel, Method};
use crate::failure::Failure;
use crate::keys::named;
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::watch_request::RequestUnion;
use crate::proto::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};

use super::request::put;

/// What the time takes at the beginning of a value.
pub const STAMP_BYTES: usize = 8;

/// Watchers on one key, and writers who put it.
pub async fn fan_out(seat: Seat) -> Result<(), Failure> {
    if seat.number >= watching_seats(&seat) {
        return write(seat, Kind::Put).await;
    }
    let mut call = open(&seat).await?;
    seat.started().await;
    let read = async {
        loop {
            let message = call.next().await?;
            seat.count(Kind::Event, events(&message), message.len() as u64);
        }
    };
    seat.until_the_end(read).await.unwrap_or(Ok(()))
}

/// The same, with the time from each put to each of its events.
pub async fn latency(seat: Seat) -> Result<(), Failure> {
    if seat.number >= watching_seats(&seat) {
        return write(seat, Kind::Put).await;
    }
    let mut call = open(&seat).await?;
    seat.started().await;
    let read = async {
        loop {
            let response = WatchResponse::decode(call.next().await?)?;
            for event in response.events {
                let value = event.kv.map(|pair| pair.value).unwrap_or_default();
                let sent = stamp(&value).ok_or(Failure::Answer("a value without its time"))?;
                seat.record(Kind::Event, seat.instant(sent), Ok(value.len() as u64))?;
            }
        }
    };
    seat.until_the_end(read).await.unwrap_or(Ok(()))
}

fn watching_seats(seat: &Seat) -> u64 {
    seat.shape().connections.min(seat.shape().watchers)
}

fn watched_key() -> Bytes {
    named("/registry/watched/", 0)
}

/// A stream with this client's share of the watchers, all of them created.
async fn open(seat: &Seat) -> Result<Call, Failure> {
    let (watchers, streams) = (seat.shape().watchers, watching_seats(seat));
    let share = (seat.number..watchers).step_by(streams as usize).count();
    watch(&seat.channel, &WatchCreateRequest { key: watched_key(), ..Default::default() }, share)
        .await
}

/// A stream with `count` watchers alike, all of them created.
pub async fn watch(
    channel: &Channel,
    create: &WatchCreateRequest,
    count: usize,
) -> Result<Call, Failure> {
    let union = Some(RequestUnion::CreateRequest(create.clone()));
    let request = WatchRequest { request_union: union };
    let mut call = Call::open(channel, Method::Watch, &request)?;
    for created in 0..count {
        let response = WatchResponse::decode(call.next().await?)?;
        if !response.created || response.canceled {
            return Err(Failure::Answer("a watcher that was not created"));
        }
        if created + 1 < count {
            call.send(&request);
        }
    }
    Ok(call)
}

/// Puts the watched key, on a connection where no events come.
async fn write(seat: Seat, kind: Kind) -> Result<(), Failure> {
    let channel = seat.own_connection().await?;
    seat.started().await;
    while let Some(due) = seat.next().await {
        let value = stamped(seat.clock(), &seat.pick_value());
        let result = put(&channel, watched_key(), value).await;
        seat.record(kind, due, result)?;
    }
    Ok(())
}

/// The value with the time at its beginning.
fn stamped(clock: u64, value: &[u8]) -> Bytes {
    let mut stamped = BytesMut::with_capacity(value.len().max(STAMP_BYTES));
    stamped.put_u64(clock);
    stamped.put_slice(value.get(STAMP_BYTES..).unwrap_or_default());
    stamped.freeze()
}

fn stamp(value: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(value.get(..STAMP_BYTES)?.try_into().ok()?))
}

/// Events in a response, counted without decoding them: at a million a second, decoding would be
/// the limit.
pub fn events(mut response: &[u8]) -> u64 {
    const EVENTS_TAG: u32 = 11;
    let mut events = 0;
    while let Ok((tag, kind)) = prost::encoding::decode_key(&mut response) {
        events += u64::from(tag == EVENTS_TAG);
        let context = prost::encoding::DecodeContext::default();
        if prost::encoding::skip_field(kind, tag, &mut response, context).is_err() {
            break;
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::mvccpb::Event;

    #[test]
    fn events_are_counted_without_being_decoded() {
        for count in [0, 1, 7] {
            let events_of = vec![Event::default(); count];
            let response = WatchResponse { watch_id: 300, events: events_of, ..Default::default() };
            assert_eq!(events(&response.encode_to_vec()), count as u64);
        }
    }

    #[test]
    fn a_value_carries_the_time_and_keeps_its_size() {
        let value = stamped(0x0102_0304_0506_0708, &[9; 20]);
        assert_eq!((value.len(), stamp(&value)), (20, Some(0x0102_0304_0506_0708)));
        assert_eq!(stamp(&[1, 2]), None);
    }
}
