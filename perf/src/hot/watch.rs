//! Events on their way to many watchers.

use std::hint::black_box;
use std::time::Duration;

use braid_core::api::{Event, KeyValue, WatchCreate, WatchRequest};
use braid_core::ids::{LeaseId, Revision};
use braid_core::port::StreamId;
use braid_core::watch::{LiveEvent, Prev, WatchConfig, WatchHub, WatchOutput};
use braid_net::encode::watch::Copies;
use bytes::{Bytes, BytesMut};

use super::codec::header;
use super::hot_section;

const STREAM: StreamId = StreamId(1);
const KEY: &[u8] = b"/registry/watched/0000000000";
const WATCHERS: u64 = 100;
const FIRST: Revision = Revision(1 << 20);

/// Events of one key for a stream's watchers, from the hub to the bytes that leave. Each event for
/// one watcher counts.
pub fn events(times: u64) {
    let mut hub = hub();
    let mut buffer = BytesMut::new();
    hot_section(|| {
        for number in 0..times / WATCHERS {
            let revision = Revision(FIRST.0 + 1 + number);
            hub.handle_live(vec![live(revision)]);
            hub.handle_advance(revision);
            send(&mut hub, &mut buffer);
        }
    });
}

/// A hub with a stream of synced watchers alike.
fn hub() -> WatchHub {
    let mut hub = WatchHub::new(WatchConfig::default(), 1, FIRST);
    hub.handle_open(STREAM);
    for _ in 0..WATCHERS {
        let create = WatchCreate { key: KEY.into(), ..WatchCreate::default() };
        hub.handle_request(Duration::ZERO, STREAM, WatchRequest::Create(create), FIRST, None);
    }
    send(&mut hub, &mut BytesMut::new());
    hub
}

/// Lets the hub work and the front-end send.
fn send(hub: &mut WatchHub, buffer: &mut BytesMut) {
    hub.work(usize::MAX);
    while let Some(output) = hub.poll_output() {
        match output {
            WatchOutput::Respond(_, responses) => {
                let mut copies = Copies::new(header(), responses);
                while !copies.is_done() {
                    copies.put_next(buffer);
                }
                black_box(&buffer);
                buffer.clear();
                hub.handle_taken(STREAM);
            }
            WatchOutput::Register { interest, .. } => {
                hub.handle_registered(interest, FIRST.next());
                hub.work(usize::MAX);
            }
            other => panic!("nothing is missing: {other:?}"),
        }
    }
}

fn live(revision: Revision) -> LiveEvent {
    let kv = KeyValue {
        key: Bytes::from_static(KEY),
        value: Bytes::from_static(&[7; 256]),
        create_revision: FIRST,
        mod_revision: revision,
        version: revision.0 - FIRST.0,
        lease: LeaseId(0),
    };
    let event = Event { deleted: false, kv, prev_kv: None };
    LiveEvent { revision, sub: 0, event, prev: Prev::None }
}
