//! Tests of the hub through its inputs and outputs alone.

mod catch_up;
mod client;
mod create;
mod events;
mod model;
mod progress;
mod random;

use std::time::Duration;

use braid_storage::ids::Revision;
use bytes::Bytes;

use super::*;
use crate::api::{Event, KeyValue, WatchCreate, WatchRequest, WatchResponse, WatchResponses};
use crate::port::StreamId;

const STREAM: StreamId = StreamId(1);

/// Fragments of the random worlds stay below this.
const FRAGMENT_BYTES: usize = 150;

/// A hub with one open stream, at watermark 10.
fn hub() -> WatchHub {
    hub_with(WatchConfig::default())
}

fn hub_with(config: WatchConfig) -> WatchHub {
    let mut hub = WatchHub::new(config, 7, Revision(10));
    hub.handle_open(STREAM);
    hub
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// A watcher of the single key `key`.
fn on(key: &str) -> WatchCreate {
    WatchCreate { key: bytes(key), ..Default::default() }
}

/// A watcher of `start..end`.
fn over(start: &str, end: &str) -> WatchCreate {
    WatchCreate { range_end: bytes(end), ..on(start) }
}

fn put(revision: u64, key: &str) -> Event {
    let kv = KeyValue {
        key: bytes(key),
        value: bytes("value"),
        create_revision: Revision(revision),
        mod_revision: Revision(revision),
        version: 1,
        ..Default::default()
    };
    Event { deleted: false, kv, prev_kv: None }
}

fn delete(revision: u64, key: &str) -> Event {
    let kv = KeyValue { key: bytes(key), mod_revision: Revision(revision), ..Default::default() };
    Event { deleted: true, kv, prev_kv: None }
}

fn live(sub: u32, event: Event) -> LiveEvent {
    let prev = if event.prev_kv.is_some() { Prev::Resident } else { Prev::None };
    LiveEvent { revision: event.kv.mod_revision, sub, event, prev }
}

/// Creates a watcher at `current`; its interest is registered at once from there on.
fn create(hub: &mut WatchHub, create: WatchCreate, current: u64) -> Vec<WatchResponse> {
    request(hub, WatchRequest::Create(create), current);
    let mut responses = Vec::new();
    while let Some(output) = next_output(hub) {
        match output {
            WatchOutput::Respond(STREAM, told) => responses.extend(told.each()),
            WatchOutput::Register { interest, .. } => {
                hub.handle_registered(interest, Revision(current + 1));
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
    responses
}

fn request(hub: &mut WatchHub, request: WatchRequest, current: u64) {
    hub.handle_request(Duration::ZERO, STREAM, request, Revision(current), None);
}

/// Hands in events at the watermark of the last one, and returns the responses.
fn commit(hub: &mut WatchHub, events: Vec<LiveEvent>) -> Vec<WatchResponse> {
    let watermark = events.last().map(|live| live.revision).unwrap_or_default();
    hub.handle_live(events);
    hub.handle_advance(watermark);
    responses(hub)
}

/// All outputs, which must be responses to the stream.
fn responses(hub: &mut WatchHub) -> Vec<WatchResponse> {
    outputs(hub)
        .into_iter()
        .flat_map(|output| match output {
            WatchOutput::Respond(STREAM, told) => told.each().collect::<Vec<_>>(),
            other => panic!("unexpected: {other:?}"),
        })
        .collect()
}

fn outputs(hub: &mut WatchHub) -> Vec<WatchOutput> {
    std::iter::from_fn(|| next_output(hub)).collect()
}

/// The next output when the hub has done all its work.
fn next_output(hub: &mut WatchHub) -> Option<WatchOutput> {
    hub.work(usize::MAX);
    hub.poll_output()
}

/// The only output, which must be a history query.
fn query(hub: &mut WatchHub) -> HistoryQuery {
    match &outputs(hub)[..] {
        [WatchOutput::History(query)] => query.clone(),
        other => panic!("one query expected: {other:?}"),
    }
}

/// The revisions of a response's events.
fn revisions(response: &WatchResponse) -> Vec<u64> {
    response.events.iter().map(|event| event.kv.mod_revision.0).collect()
}

fn chunk(events: Vec<Event>, complete_to: u64) -> HistoryAnswer {
    HistoryAnswer::Chunk { events, complete_to: Revision(complete_to) }
}
