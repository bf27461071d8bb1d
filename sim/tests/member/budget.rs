//! Answers that cannot be streamed share one budget, and calls one bound.

use braid_core::api::{PutRequest, RangeRequest, RangeResponse, Request, Response};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const KEYS: i64 = 60;
/// Of the keys, the newest ones that a filter lets pass.
const PASSING: i64 = 10;
/// The budget: room for these, not for all.
const BUDGET: usize = 4000;

/// A range over all keys, in an order of its own.
fn newest_first(min_create_revision: i64) -> Request {
    let everything = Bytes::from_static(b"\0");
    Request::Range(RangeRequest {
        key: everything.clone(),
        range_end: everything,
        sort_order: 2,
        sort_target: 2,
        min_create_revision,
        ..RangeRequest::default()
    })
}

fn put(number: i64) -> Request {
    let key = format!("key {number:02}").into();
    Request::Put(PutRequest { key, value: vec![1; 100].into(), ..PutRequest::default() })
}

fn ranged(answer: Result<Response, Error>) -> RangeResponse {
    match answer {
        Ok(Response::Range(response)) => response,
        other => panic!("another answer: {other:?}"),
    }
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let mut options = Options::draw(&mut random);
    options.core.gathered_bytes = BUDGET;
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .unwrap_or_else(|error| panic!("the disk is refused: {error}"));
    let mut any_core = || CoreId(random.below(u64::from(options.cores)) as u16);
    for number in 0..KEYS {
        member.execute(any_core(), put(number)).unwrap_or_else(|error| panic!("{error}"));
    }
    // The first revision of a history is 1, so the last key has one more than there are keys.
    let passing = newest_first(KEYS + 2 - PASSING);
    // More often than the budget holds, if anything were left behind.
    for _ in 0..20 {
        let all = member.execute(any_core(), newest_first(0));
        assert_eq!(all, Err(Error::TooManyRequests));
        let few = ranged(member.execute(any_core(), passing.clone()));
        assert_eq!((few.kvs.len() as i64, few.count), (PASSING, KEYS));
        assert!(few.kvs.get(0).meta.create_revision > few.kvs.get(1).meta.create_revision);
    }
}

#[test]
fn an_answer_beyond_the_budget_is_refused_and_leaves_nothing_behind() {
    each_seed("an_answer_beyond_the_budget_is_refused_and_leaves_nothing_behind", 5, run);
}

/// Of `CALLS_SENT` calls at once, those beyond the bound are refused; afterwards there is room again.
fn flood(seed: u64) {
    const CALLS: usize = 5;
    const CALLS_SENT: usize = 12;
    let mut random = Random::new(seed);
    let mut options = Options::draw(&mut random);
    options.core.limits.calls = CALLS;
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .unwrap_or_else(|error| panic!("the disk is refused: {error}"));
    for _ in 0..3 {
        for number in 0..CALLS_SENT as i64 {
            member.call(CoreId(0), put(number));
        }
        let mut answers = Vec::new();
        while answers.len() < CALLS_SENT {
            assert!(member.advance(), "never answered");
            while let Some(told) = member.poll_told() {
                if let Told::Answer(_, _, answer) = told {
                    answers.push(answer);
                }
            }
        }
        let refused = answers.iter().filter(|answer| **answer == Err(Error::TooManyRequests));
        assert_eq!(refused.count(), CALLS_SENT - CALLS);
    }
}

#[test]
fn calls_beyond_the_bound_are_refused_and_leave_nothing_behind() {
    each_seed("calls_beyond_the_bound_are_refused_and_leave_nothing_behind", 5, flood);
}
