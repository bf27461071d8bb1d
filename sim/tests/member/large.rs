//! Values so large that a record takes several entries, a write several writes of the log, and an
//! answer several chunks; and a crash in the middle of such a write.

use std::time::Duration;

use braid_core::api::{
    Delivery, Operation as TxnOperation, PutRequest, RangeRequest, RangeResponse, Request,
    Response, TxnRequest, WatchCreate, WatchRequest,
};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::kv_list::KvList;
use braid_core::port::Incoming;
use braid_sim::disk::{Crash, Disk};
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use braid_sim::model::{Event, Model};
use bytes::Bytes;

use crate::seeds::each_seed;

const KEYS: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
const STEPS: usize = 12;
/// Nothing more comes after so long.
const QUIET: Duration = Duration::from_secs(1);

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
        self.explain(&writes);
    }

    /// Some of the writes have happened, whole and one after the other, and nothing else has.
    fn explain(&mut self, writes: &[Request]) {
        let events = self.told_since(self.model.revision() + 1);
        let happened = explained(&self.model, writes, &events);
        assert!(happened.is_some(), "no order of the writes explains {} events", events.len());
        self.model = happened.unwrap_or_else(|| self.model.clone());
        self.range();
    }

    /// What a watcher of everything hears until it hears nothing for a while.
    fn told_since(&mut self, start_revision: u64) -> Vec<Event> {
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: start_revision as i64,
            ..WatchCreate::default()
        };
        let stream = self.member.open_watch(CoreId(0));
        self.member.watch(CoreId(0), stream, WatchRequest::Create(create));
        let (mut events, mut quiet) = (Vec::new(), self.member.now() + QUIET);
        while self.member.advance_before(quiet) {
            while let Some(Told::Watch(core, stream, told)) = self.member.poll_told() {
                self.member.submit(core, Incoming::WatchTaken(stream));
                events.extend(told.response.events.iter().map(Event::from));
                quiet = self.member.now() + QUIET;
            }
        }
        events
    }
}

/// The store behind those of `writes` that make just these changes, in any order.
fn explained(model: &Model, writes: &[Request], events: &[Event]) -> Option<Model> {
    if events.is_empty() {
        return Some(model.clone());
    }
    (0..writes.len()).find_map(|at| {
        let mut next = model.clone();
        next.apply(&writes[at]).ok()?;
        let rest = events.strip_prefix(next.changes_at(next.revision()))?;
        explained(&next, &[&writes[..at], &writes[at + 1..]].concat(), rest)
    })
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
