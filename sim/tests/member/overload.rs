//! Clients that ask for far more than a member takes, never read, come and go: they are refused,
//! nothing grows beyond its bound (the driver looks at every queue after every step), and all others
//! are served.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{
    Operation, PutRequest, RangeRequest, Request, Response, TxnRequest, WatchCreate, WatchRequest,
};
use braid_core::error::Error;
use braid_core::ids::{CoreId, LeaseId};
use braid_core::port::{CallId, Incoming, StreamId};
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

/// What one core takes at once, and what one burst brings.
const CALLS_MAX: usize = 5;
const BURST: u64 = 30;
const BURSTS: usize = 25;
const VALUE_BYTES: usize = 200;
const STREAM_BYTES: usize = 1000;
/// In memory an event is at most so much larger than its value.
const EVENT_BYTES_MAX: usize = VALUE_BYTES + 400;

struct Story {
    random: Random,
    member: Member,
    calls: BTreeMap<CallId, Request>,
    /// By number of the key: whether its put was acknowledged.
    puts: BTreeMap<u64, bool>,
    refused: usize,
    /// Streams that nobody reads, with the bytes of values that were pushed into each.
    unread: BTreeMap<StreamId, (CoreId, usize)>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut options = Options::draw(&mut random);
        options.core.limits.calls = CALLS_MAX;
        options.core.watch.stream_bytes = STREAM_BYTES;
        let member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
            .expect("an empty disk can be started from");
        let (calls, puts, unread) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { random, member, calls, puts, refused: 0, unread }
    }

    fn any_core(&mut self) -> CoreId {
        CoreId(self.random.below(u64::from(self.member.cores())) as u16)
    }

    /// More than one core takes, all at once.
    fn burst(&mut self) {
        let core = self.any_core();
        for _ in 0..BURST {
            let request = self.request();
            let call = self.member.call(core, request.clone());
            self.calls.insert(call, request);
        }
    }

    fn request(&mut self) -> Request {
        match self.random.below(10) {
            0 => Request::Range(everything()),
            1 => Request::LeaseGrant { lease: LeaseId(0), ttl: 2 },
            2 => Request::HashKv { revision: 0 },
            3 | 4 => {
                let puts = [self.put(), self.put()].map(Operation::Put).into();
                Request::Txn(TxnRequest { success: puts, ..TxnRequest::default() })
            }
            _ => Request::Put(self.put()),
        }
    }

    fn put(&mut self) -> PutRequest {
        let number = self.puts.len() as u64;
        self.puts.insert(number, false);
        PutRequest { key: key(number), value: vec![1; VALUE_BYTES].into(), ..Default::default() }
    }

    /// Streams that are opened and never read; some vanish again.
    fn churn(&mut self) {
        if self.random.one_in(2)
            && let Some((stream, (core, _))) = self.unread.pop_first()
        {
            self.member.submit(core, Incoming::WatchClose(stream));
        }
        let core = self.any_core();
        let stream = self.member.open_watch(core);
        let create = WatchCreate { key: zero(), range_end: zero(), ..WatchCreate::default() };
        self.member.watch(core, stream, WatchRequest::Create(create));
        self.unread.insert(stream, (core, 0));
    }

    fn advance(&mut self) {
        assert!(self.member.advance_before(Duration::MAX), "never answered: {:?}", self.calls);
        while let Some(told) = self.member.poll_told() {
            match told {
                Told::Answer(_, call, answer) => self.answered(call, answer),
                Told::Watch(_, stream, told) => {
                    let value_bytes = told.response.events.iter().map(|event| event.kv.value.len());
                    let value_bytes: usize = value_bytes.sum();
                    if let Some((_, bytes)) = self.unread.get_mut(&stream) {
                        *bytes += value_bytes;
                    }
                }
                Told::EndStream(_, stream, _) => drop(self.unread.remove(&stream)),
            }
        }
    }

    fn answered(&mut self, call: CallId, answer: Result<Response, Error>) {
        let request = self.calls.remove(&call).expect("one answer for a call");
        match answer {
            Ok(_) => self.acknowledge(&request),
            Err(error) => {
                assert_eq!(error, Error::TooManyRequests, "{request:?}");
                self.refused += 1;
            }
        }
    }

    fn acknowledge(&mut self, request: &Request) {
        let keys: Vec<&Bytes> = match request {
            Request::Put(put) => vec![&put.key],
            Request::Txn(txn) => txn.success.iter().filter_map(key_of).collect(),
            _ => Vec::new(),
        };
        let all = self.puts.iter_mut().filter(|(number, _)| keys.contains(&&key(**number)));
        all.for_each(|(_, acknowledged)| *acknowledged = true);
    }

    /// What was acknowledged is there, and what was refused is not.
    fn must_hold_what_was_acknowledged(&mut self) {
        let core = self.any_core();
        let Ok(Response::Range(range)) = self.member.execute(core, Request::Range(everything()))
        else {
            panic!("a member at rest serves");
        };
        let found: Vec<&[u8]> = (0..range.kvs.len()).map(|at| range.kvs.get(at).key).collect();
        let acknowledged = self.puts.iter().filter(|(_, acknowledged)| **acknowledged);
        let wanted: Vec<Bytes> = acknowledged.map(|(number, _)| key(*number)).collect();
        assert_eq!(found, wanted);
    }
}

fn key_of(operation: &Operation) -> Option<&Bytes> {
    match operation {
        Operation::Put(put) => Some(&put.key),
        _ => None,
    }
}

fn key(number: u64) -> Bytes {
    format!("key {number:06}").into()
}

fn zero() -> Bytes {
    Bytes::from_static(b"\0")
}

fn everything() -> RangeRequest {
    RangeRequest { key: zero(), range_end: zero(), keys_only: true, ..RangeRequest::default() }
}

fn run(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..BURSTS {
        story.churn();
        story.burst();
        for _ in 0..story.random.below(300) {
            if !story.calls.is_empty() {
                story.advance();
            }
        }
    }
    while !story.calls.is_empty() {
        story.advance();
    }
    assert!(story.refused > 0, "every burst was taken");
    story.must_hold_what_was_acknowledged();
    for (stream, (_, bytes)) in &story.unread {
        // One response more than the bound, and it ends with a whole revision.
        let max = 2 * STREAM_BYTES + 2 * EVENT_BYTES_MAX;
        assert!(*bytes <= max, "{bytes} bytes wait on {stream:?}, which nobody reads");
    }
}

#[test]
fn too_much_is_refused_and_nothing_grows() {
    each_seed("too_much_is_refused_and_nothing_grows", 60, run);
}
