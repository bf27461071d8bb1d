//! A disk that is full for a while: what takes space is refused and does nothing, all else goes on,
//! and nothing that was acknowledged is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use braid_core::api::{
    CompactRequest, DeleteRangeRequest, Operation, PutRequest, RangeRequest, Request, Response,
    TxnRequest,
};
use braid_core::error::Error;
use braid_core::ids::{CoreId, LeaseId};
use braid_sim::disk::{Crash, Disk};
use braid_sim::member::{Faults, Member, Options};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

/// Longer than it takes to fill what segments are left.
const FULL: Duration = Duration::from_secs(3600);
const VALUE_BYTES: usize = 4000;

struct Story {
    random: Random,
    options: Options,
    member: Member,
    held: BTreeSet<u64>,
    last: u64,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut options = Options::draw(&mut random);
        // Several cores use up their segments one after the other, but none of them before it is
        // told that there is no room for the next one.
        (options.segment_bytes, options.even) = (1 << 20, true);
        options.faults = Faults::default();
        let member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
            .expect("an empty disk can be started from");
        Self { random, options, member, held: BTreeSet::new(), last: 0 }
    }

    fn execute(&mut self, request: Request) -> Result<Response, Error> {
        let core = CoreId(self.random.below(u64::from(self.member.cores())) as u16);
        self.member.execute(core, request)
    }

    fn put(&mut self) -> Result<(), Error> {
        self.last += 1;
        self.execute(Request::Put(put(self.last)))?;
        self.held.insert(self.last);
        Ok(())
    }

    /// Puts until one is refused.
    fn fill(&mut self) {
        let refused = loop {
            if let Err(error) = self.put() {
                break error;
            }
        };
        assert_eq!(refused, Error::NoSpace);
    }

    fn must_refuse(&mut self) {
        let nested = TxnRequest { failure: vec![Operation::Put(put(0))], ..TxnRequest::default() };
        let txn = TxnRequest { success: vec![Operation::Txn(nested)], ..TxnRequest::default() };
        let grant = Request::LeaseGrant { lease: LeaseId(9), ttl: 60 };
        for request in [Request::Put(put(0)), Request::Txn(txn), grant] {
            assert_eq!(self.execute(request), Err(Error::NoSpace));
        }
    }

    fn must_serve_others(&mut self) {
        let gone = self.held.pop_first().expect("something was held before the disk was full");
        let delete = DeleteRangeRequest { key: key(gone), ..DeleteRangeRequest::default() };
        let Ok(Response::DeleteRange(deleted)) = self.execute(Request::DeleteRange(delete)) else {
            panic!("deletes make room");
        };
        assert_eq!(deleted.deleted, 1);
        let revision = deleted.revision.0 as i64;
        let compact = Request::Compact(CompactRequest { revision, physical: true });
        self.execute(compact).expect("compactions make room");
        self.must_hold_all();
    }

    fn must_hold_all(&mut self) {
        let everything = Bytes::from_static(b"\0");
        let range = RangeRequest {
            key: everything.clone(),
            range_end: everything,
            keys_only: true,
            ..RangeRequest::default()
        };
        let Ok(Response::Range(range)) = self.execute(Request::Range(range)) else {
            panic!("reads go on");
        };
        let wanted: Vec<Bytes> = self.held.iter().map(|number| key(*number)).collect();
        let found: Vec<&[u8]> = (0..range.kvs.len()).map(|at| range.kvs.get(at).key).collect();
        assert_eq!(found, wanted);
    }

    /// The power fails while the disk is full.
    fn crash(&mut self) {
        let disk = self.member.crash(Crash::PowerLoss);
        let random = Random::new(self.random.next_u64());
        self.member = Member::start(&self.options, disk, random).expect("what is left is whole");
    }
}

fn key(number: u64) -> Bytes {
    format!("key {number:06}").into()
}

fn put(number: u64) -> PutRequest {
    let value = vec![7; VALUE_BYTES].into();
    PutRequest { key: key(number), value, ..PutRequest::default() }
}

fn run(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..3 {
        story.put().expect("there is room");
    }
    story.member.lose_space(FULL);
    story.fill();
    story.must_refuse();
    story.must_serve_others();
    if story.random.one_in(2) {
        story.crash();
    } else {
        story.member.lose_space(Duration::ZERO);
        let until = story.member.now() + Duration::from_secs(3);
        while story.member.advance_before(until) {}
        story.member.wait_until(until);
    }
    story.must_hold_all();
    for _ in 0..50 {
        story.put().expect("there is room again");
    }
    story.must_hold_all();
}

#[test]
fn a_full_disk_refuses_what_takes_space_and_nothing_else() {
    each_seed("a_full_disk_refuses_what_takes_space_and_nothing_else", 40, run);
}
