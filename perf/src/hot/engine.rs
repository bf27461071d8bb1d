//! Requests through a whole engine of one core, on the simulator's driver and disk.

use std::time::Duration;

use braid_core::api::{Delivery, PutRequest, RangeRequest, Request};
use braid_core::ids::CoreId;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options};
use braid_sim::model::random::Random;
use bytes::Bytes;

use super::hot_section;

/// Requests in flight.
const IN_FLIGHT: u64 = 100;
const KEYS: u64 = 1000;

/// Puts, to 16 shards.
pub fn put(times: u64) {
    puts_to(16, times);
}

/// Puts, to one shard: what the other fifteen cost.
pub fn put_one_shard(times: u64) {
    puts_to(1, times);
}

fn puts_to(shards: u16, times: u64) {
    let mut member = member(shards);
    drive(&mut member, KEYS, put_request);
    hot_section(|| drive(&mut member, times, put_request));
}

/// Ranges of one key.
pub fn range(times: u64) {
    let mut member = member(16);
    drive(&mut member, KEYS, put_request);
    hot_section(|| drive(&mut member, times, range_request));
}

fn member(shards: u16) -> Member {
    let mut random = Random::new(7);
    let drawn = Options::draw(&mut random);
    let options = Options {
        cores: 1,
        shards,
        segment_bytes: 16 << 20,
        block_bytes: 4096,
        core: braid_core::machine::CoreConfig {
            limits: Default::default(),
            value_bytes: 64 << 20,
            watch: Default::default(),
            ..drawn.core
        },
        ..drawn
    };
    Member::start(&options, Disk::default(), random).expect("an empty disk is no obstacle")
}

fn drive(member: &mut Member, times: u64, request: fn(u64) -> Request) {
    for batch in 0..times / IN_FLIGHT {
        for n in 0..IN_FLIGHT {
            member.call(CoreId(0), request(batch * IN_FLIGHT + n));
        }
        let mut answered = 0;
        while answered < IN_FLIGHT {
            assert!(member.advance_before(Duration::MAX), "the engine stands still");
            while member.poll_told().is_some() {
                answered += 1;
            }
        }
    }
}

fn put_request(n: u64) -> Request {
    Request::Put(PutRequest { key: key(n), value: vec![7; 256].into(), ..Default::default() })
}

fn range_request(n: u64) -> Request {
    Request::Range(RangeRequest { key: key(n), delivery: Delivery::Sized, ..Default::default() })
}

fn key(n: u64) -> Bytes {
    format!("/registry/leases/node-{:010}", n % KEYS).into()
}
