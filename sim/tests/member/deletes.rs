//! Deletes of many keys: evaluated in slices, among other requests, and refused as a whole where
//! they would have cores tell each other too much.

use std::collections::BTreeMap;

use braid_core::api::{
    DeleteRangeRequest, Operation as TxnOperation, OperationResponse, PutRequest, RangeRequest,
    Request, Response, TxnRequest,
};
use braid_core::error::Error;
use braid_core::ids::{CoreId, Revision};
use braid_core::port::CallId;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::Model;
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

/// More than a step evaluates and a page holds.
const KEYS: u64 = 1500;
const TXN_PUTS: u64 = 100;
const REQUESTS: usize = 10;

struct Story {
    random: Random,
    model: Model,
    member: Member,
    calls: BTreeMap<CallId, Request>,
    answers: Vec<(Request, Result<Response, Error>)>,
}

impl Story {
    /// A member that holds all keys, each with a value of `value_len` bytes.
    fn new(mut random: Random, options: &Options, value_len: usize) -> Self {
        let mut model = Model::new(options.core.max_txn_ops);
        let mut member = Member::start(options, Disk::default(), Random::new(random.next_u64()))
            .unwrap_or_else(|error| panic!("the disk is refused: {error}"));
        for first in (0..KEYS).step_by(TXN_PUTS as usize) {
            let puts = (first..first + TXN_PUTS).map(|number| put(number, value_len));
            let success = puts.map(TxnOperation::Put).collect();
            let txn = Request::Txn(TxnRequest { success, ..TxnRequest::default() });
            assert_eq!(member.execute(CoreId(0), txn.clone()), model.apply(&txn));
        }
        Self { random, model, member, calls: BTreeMap::new(), answers: Vec::new() }
    }

    fn send(&mut self, request: Request) {
        let core = CoreId(self.random.below(u64::from(self.member.cores())) as u16);
        let call = self.member.call(core, request.clone());
        self.calls.insert(call, request);
        for _ in 0..self.random.below(40) {
            self.advance();
        }
    }

    fn advance(&mut self) {
        // A member that has answered everything may have nothing to do for ever.
        let idle = !self.member.advance();
        assert!(!idle || self.calls.is_empty(), "never answered: {:?}", self.calls.values());
        while let Some(told) = self.member.poll_told() {
            if let Told::Answer(_, call, answer) = told {
                let request = self.calls.remove(&call).expect("one answer for a call");
                self.answers.push((request, answer));
            }
        }
    }

    /// Waits for all answers. In the order of their revisions they are the model's, what changes
    /// nothing after what made the state that it saw.
    fn judge(&mut self) {
        self.settle();
        self.answers.sort_by_key(|(_, answer)| place(answer));
        for (request, answer) in std::mem::take(&mut self.answers) {
            let wanted = self.model.apply(&request);
            assert!(
                answer == wanted,
                "{request:?}: {:?} and not {:?}",
                place(&answer),
                place(&wanted)
            );
        }
    }

    fn settle(&mut self) {
        while !self.calls.is_empty() {
            self.advance();
        }
    }

    fn request(&mut self) -> Request {
        let delete = self.delete();
        match self.random.below(6) {
            0..=2 => Request::DeleteRange(delete),
            3 => Request::Txn(TxnRequest {
                success: vec![TxnOperation::DeleteRange(delete), TxnOperation::Range(count())],
                ..TxnRequest::default()
            }),
            4 => Request::Put(put(self.random.below(KEYS), 0)),
            _ => Request::Range(count()),
        }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        let (first, count) = (self.random.below(KEYS), self.random.below(KEYS));
        let (key, range_end) = (key(first), key(first + count + 1));
        DeleteRangeRequest { key, range_end, prev_kv: self.random.one_in(4) }
    }
}

/// An answer's revision, and whether it is of something that saw it made by another.
fn place(answer: &Result<Response, Error>) -> (Revision, bool) {
    match answer {
        Ok(Response::Put(put)) => (put.revision, false),
        Ok(Response::DeleteRange(delete)) => (delete.revision, delete.deleted == 0),
        Ok(Response::Range(range)) => (range.revision, true),
        Ok(Response::Txn(txn)) => {
            let changes = |response: &OperationResponse| match response {
                OperationResponse::Put(_) => true,
                OperationResponse::DeleteRange(delete) => delete.deleted > 0,
                _ => false,
            };
            (txn.revision, !txn.responses.iter().any(changes))
        }
        other => panic!("no place for {other:?}"),
    }
}

fn key(number: u64) -> Bytes {
    format!("key {number:05}").into()
}

fn put(number: u64, value_len: usize) -> PutRequest {
    PutRequest { key: key(number), value: vec![b'v'; value_len].into(), ..PutRequest::default() }
}

fn count() -> RangeRequest {
    let everything = Bytes::from_static(b"\0");
    let (key, range_end) = (everything.clone(), everything);
    RangeRequest { key, range_end, count_only: true, ..RangeRequest::default() }
}

fn options(random: &mut Random) -> Options {
    let mut options = Options::draw(random);
    options.core.max_txn_ops = TXN_PUTS as usize;
    options.segment_bytes = 1 << 20;
    options
}

#[test]
fn one_order_explains_large_deletes() {
    each_seed("one_order_explains_large_deletes", 8, |seed| {
        let mut random = Random::new(seed);
        let options = options(&mut random);
        let mut story = Story::new(random, &options, 0);
        for _ in 0..REQUESTS {
            let request = story.request();
            story.send(request);
        }
        story.judge();
    });
}

/// Two puts that mostly live on two cores.
fn small_txn(number: u64) -> Request {
    let puts = [put(number, 10), put(KEYS + number, 10)];
    Request::Txn(TxnRequest {
        success: puts.map(TxnOperation::Put).into(),
        ..TxnRequest::default()
    })
}

#[test]
fn a_write_that_needs_too_much_is_refused_alone() {
    each_seed("a_write_that_needs_too_much_is_refused_alone", 8, |seed| {
        let mut random = Random::new(seed);
        let mut options = options(&mut random);
        (options.cores, options.shards) = (random.between(2, 3) as u16, 8);
        // All values are in memory: a few fit the bound, and all on a core are far beyond it.
        options.core.value_bytes = 1 << 30;
        options.core.limits.collected_bytes = 10_000;
        let mut story = Story::new(random, &options, 1000);
        let (key, range_end) = (key(0), key(KEYS));
        let delete = Request::DeleteRange(DeleteRangeRequest { key, range_end, prev_kv: true });
        for number in 0..6 {
            story.send(small_txn(number));
            story.send(delete.clone());
        }
        story.settle();
        let refused = Err(Error::RequestTooLarge);
        assert!(
            story
                .answers
                .iter()
                .all(|(request, answer)| { (*request == delete) == (*answer == refused) })
        );
        story.answers.retain(|(request, _)| *request != delete);
        story.judge();
    });
}
