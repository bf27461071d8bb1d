//! A lease that several ask to end at the same time ends once, and so do its keys.

use std::time::Duration;

use braid_core::api::{PutRequest, Request, Response, WatchCreate, WatchRequest};
use braid_core::ids::{CoreId, LeaseId};
use braid_core::port::Incoming;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const LEASE: LeaseId = LeaseId(7);

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let options = Options::draw(&mut random);
    let mut member = Member::start(&options, Disk::default(), random)
        .expect("an empty disk can be started from");
    member
        .execute(CoreId(0), Request::LeaseGrant { lease: LEASE, ttl: 600 })
        .expect("the id is free");
    let key = Bytes::from_static(b"key");
    let put = PutRequest { key: key.clone(), lease: LEASE, ..PutRequest::default() };
    member.execute(CoreId(0), Request::Put(put)).expect("the lease lives");
    let stream = member.open_watch(CoreId(0));
    let create = WatchCreate { key, start_revision: 3, ..WatchCreate::default() };
    member.watch(CoreId(0), stream, WatchRequest::Create(create));
    for _ in 0..3 {
        member.call(CoreId(0), Request::LeaseRevoke { lease: LEASE });
    }
    let until = member.now() + Duration::from_secs(2);
    let (mut events, mut ends) = (Vec::new(), 0);
    while member.advance_before(until) {
        while let Some(told) = member.poll_told() {
            match told {
                Told::Watch(core, stream, told) => {
                    member.submit(core, Incoming::WatchTaken(stream));
                    events.extend(told.response.events.iter().cloned());
                }
                Told::Answer(.., answer) => ends += usize::from(answer.is_ok()),
                Told::EndStream(..) => panic!("the stream ends"),
            }
        }
    }
    assert_eq!((ends, events.len()), (1, 1), "{events:?}");
}

/// Somebody who knows the id revokes the lease before its grant is answered.
fn grant_and_revoke(seed: u64) {
    let mut random = Random::new(seed);
    let options = Options::draw(&mut random);
    let mut member = Member::start(&options, Disk::default(), random)
        .expect("an empty disk can be started from");
    let grant = member.call(CoreId(0), Request::LeaseGrant { lease: LEASE, ttl: 600 });
    let revoke = Request::LeaseRevoke { lease: LEASE };
    while member.execute(CoreId(0), revoke.clone()).is_err() {}
    let until = member.now() + Duration::from_secs(2);
    let mut granted = None;
    while granted.is_none() {
        match member.poll_told() {
            Some(Told::Answer(_, call, answer)) if call == grant => granted = Some(answer),
            Some(_) => {}
            None => assert!(member.advance_before(until), "the grant is never answered"),
        }
    }
    let ttl = |answer| match answer {
        Some(Ok(Response::LeaseGrant { ttl, .. })) => ttl,
        other => panic!("{other:?}"),
    };
    assert_eq!(ttl(granted), 600);
}

#[test]
fn a_grant_tells_the_time_that_it_granted() {
    each_seed("a_grant_tells_the_time_that_it_granted", 50, grant_and_revoke);
}

#[test]
fn a_lease_ends_once() {
    each_seed("a_lease_ends_once", 50, run);
}
