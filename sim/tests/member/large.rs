//! Values so large that a record takes several entries, a write several writes of the log, and an
//! answer several chunks; and a crash in the middle of such a write.

use braid_core::api::{
    Delivery, Operation as TxnOperation, PutRequest, RangeRequest, RangeResponse, Request,
    Response, TxnRequest,
};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::kv_list::KvList;
use braid_sim::disk::{Crash, Disk};
use braid_sim::history::{Operation, explain};
use braid_sim::load::Load;
use braid_sim::member::{Member, Options};
use braid_sim::model::Model;
use braid_sim::model::generate::Hints;
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const KEYS: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
const STEPS: usize = 12;

struct Story {
    random: Random,
    options: Options,
    model: Model,
    member: Member,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let options = Options { segment_bytes: 10 << 20, ..Options::draw(&mut random) };
        let model = Model::new(options.core.max_txn_ops);
        let member = start(&options, Disk::default(), &mut random);
        Self { random, options, model, member }
    }

    fn any_core(&mut self) -> CoreId {
        CoreId(self.random.below(u64::from(self.member.cores())) as u16)
    }

    fn put(&mut self) -> PutRequest {
        let len = self.random.pick(&[0, 100, 100_000, 300_000, 1_000_000]);
        let byte = self.random.next_u64() as u8;
        PutRequest {
            key: Bytes::from_static(self.random.pick(&KEYS)),
            value: vec![byte; len].into(),
            prev_kv: self.random.one_in(2),
            ..PutRequest::default()
        }
    }

    /// Puts of different keys, together larger than an entry.
    fn txn(&mut self) -> TxnRequest {
        let mut puts: Vec<PutRequest> = KEYS[..5].iter().map(|_| self.put()).collect();
        for (put, key) in puts.iter_mut().zip(KEYS) {
            put.key = Bytes::from_static(key);
        }
        let success = puts.into_iter().map(TxnOperation::Put).collect();
        TxnRequest { success, ..TxnRequest::default() }
    }

    fn write(&mut self) -> Request {
        if self.random.one_in(2) { Request::Txn(self.txn()) } else { Request::Put(self.put()) }
    }

    fn step(&mut self) {
        if self.random.one_in(2) {
            let (request, core) = (self.write(), self.any_core());
            let wanted = self.model.apply(&request);
            assert!(self.member.execute(core, request) == wanted, "a large write");
        } else {
            self.range();
        }
    }

    fn range(&mut self) {
        let everything = Bytes::from_static(b"\0");
        let request = RangeRequest {
            key: everything.clone(),
            range_end: everything,
            limit: self.random.pick(&[0, 2, 4]),
            keys_only: self.random.one_in(6),
            revision: self.random.between(0, self.model.revision() as i64),
            delivery: self.random.pick(&[Delivery::Whole, Delivery::Sized, Delivery::Chunks]),
            ..RangeRequest::default()
        };
        let core = self.any_core();
        let wanted = self.model.apply(&Request::Range(request.clone()));
        let mut got = self.whole_range(core, request.clone());
        if let Ok(Response::Range(got)) = &mut got {
            got.kvs_encoded_len = 0;
        }
        assert!(got == wanted, "{request:?}");
    }

    /// The answer's chunks put together.
    fn whole_range(&mut self, core: CoreId, request: RangeRequest) -> Result<Response, Error> {
        let mut kvs = KvList::default();
        let mut next = Request::Range(request);
        loop {
            let Response::Range(chunk) = self.member.execute(core, next)? else {
                panic!("another answer")
            };
            for pair in chunk.kvs.iter() {
                kvs.push(pair.key, pair.value, pair.meta);
            }
            match chunk.rest {
                Some(scan) => next = Request::RangeNext(scan),
                None => return Ok(Response::Range(RangeResponse { kvs, ..chunk })),
            }
        }
    }

    /// Crashes in the middle of a few writes that were sent at the same time.
    fn crash(&mut self) {
        let writes: Vec<Request> = (0..3).map(|_| self.write()).collect();
        for write in &writes {
            let core = self.any_core();
            self.member.call(core, write.clone());
        }
        for _ in 0..self.random.below(80) {
            self.member.advance();
        }
        let crash = self.random.pick(&[Crash::Kill, Crash::PowerLoss]);
        let disk = self.member.crash(crash);
        let cores = self.random.between(1, 3) as u16;
        self.options = Options { cores, ..self.options.clone() };
        self.member = start(&self.options, disk, &mut self.random);
        self.judge(writes);
    }

    fn judge(&mut self, writes: Vec<Request>) {
        let hints = Hints { revision: self.model.revision(), compacted: -1 };
        let mut listener = Load::new(0, 0, hints, Vec::new());
        let next = self.model.revision() + 1;
        let everything = listener.watchers.watch_all(&mut self.member, CoreId(0), next);
        listener.settle(&mut self.member);
        let unanswered = |request| Operation { request, after: 0, answer: None };
        let operations: Vec<Operation> = writes.into_iter().map(unanswered).collect();
        let told = listener.watchers.told(everything);
        if let Err(why) = explain(&mut self.model, &operations, &told) {
            panic!("{}", why.chars().take(500).collect::<String>());
        }
        self.range();
    }
}

fn start(options: &Options, disk: Disk, random: &mut Random) -> Member {
    Member::start(options, disk, Random::new(random.next_u64()))
        .unwrap_or_else(|error| panic!("the disk is refused: {error}"))
}

fn run(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..2 {
        for _ in 0..STEPS {
            story.step();
        }
        story.crash();
    }
}

#[test]
fn large_values_are_written_whole_and_read_in_chunks() {
    each_seed("large_values_are_written_whole_and_read_in_chunks", 15, run);
}
