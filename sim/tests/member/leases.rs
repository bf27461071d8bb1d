//! Leases in virtual time: none ends early, none much too late, and the keys of each die with it,
//! all at one revision.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{PutRequest, Request, Response, WatchCreate, WatchRequest};
use braid_core::error::Error;
use braid_core::ids::{CoreId, LeaseId};
use braid_core::port::Incoming;
use braid_sim::disk::{Crash, Disk};
use braid_sim::history::{Operation, explain, revision};
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use braid_sim::model::{Event, Model};
use braid_sim::watcher::event;
use bytes::Bytes;

use crate::seeds::each_seed;

const STEPS: usize = 40;
const TTLS: [i64; 4] = [2, 3, 5, 8];
/// How late a lease may end: the lessor's interval and slow disks.
const LATE: Duration = Duration::from_secs(2);

struct Story {
    random: Random,
    options: Options,
    member: Member,
    /// Time that passed in earlier lives of the member.
    before: Duration,
    /// The end of history when this life of the member began.
    base: u64,
    operations: Vec<Operation>,
    seen: u64,
    events: Vec<(Duration, Event)>,
    leases: BTreeMap<LeaseId, Lease>,
}

struct Lease {
    ttl: Duration,
    /// When the last renewal that succeeded was sent, and answered.
    renewed: (Duration, Duration),
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let options = Options::draw(&mut random);
        let member = start(&options, Disk::default(), &mut random);
        let mut story = Self {
            random,
            options,
            member,
            before: Duration::ZERO,
            base: 1,
            operations: Vec::new(),
            seen: 1,
            events: Vec::new(),
            leases: BTreeMap::new(),
        };
        story.watch();
        story
    }

    fn now(&self) -> Duration {
        self.before + self.member.now()
    }

    fn watch(&mut self) {
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: self.events.last().map_or(2, |(_, event)| event.revision + 1) as i64,
            ..WatchCreate::default()
        };
        let stream = self.member.open_watch(CoreId(0));
        self.member.watch(CoreId(0), stream, WatchRequest::Create(create));
    }

    /// Lets time pass; returns the answer to the call that was under way.
    fn pass(&mut self, time: Duration) -> Option<Result<Response, Error>> {
        let until = self.member.now() + time;
        let mut answered = None;
        while answered.is_none() && self.member.advance_before(until) {
            let now = self.now();
            while let Some(told) = self.member.poll_told() {
                match told {
                    Told::Answer(.., answer) => answered = Some(answer),
                    Told::Watch(core, stream, response) => {
                        self.member.submit(core, Incoming::WatchTaken(stream));
                        self.events.extend(response.events.iter().map(|told| (now, event(told))));
                    }
                    Told::EndStream(.., error) => panic!("the stream ends: {error}"),
                }
            }
        }
        answered
    }

    fn execute(&mut self, request: Request) -> Result<Response, Error> {
        let core = CoreId(self.random.below(u64::from(self.member.cores())) as u16);
        self.member.call(core, request.clone());
        let after = self.seen;
        let answer = self.pass(Duration::from_secs(5)).expect("every request is answered");
        if let Ok(answer) = &answer {
            self.seen = self.seen.max(revision(answer));
        }
        // The model has no time: it cannot judge these two.
        if !matches!(request, Request::LeaseKeepAlive { .. } | Request::LeaseLeases) {
            self.operations.push(Operation { request, after, answer: Some(answer.clone()) });
        }
        answer
    }

    fn step(&mut self) {
        let lease = LeaseId(self.random.between(1, self.leases.len().max(1) as i64));
        let sent = self.now();
        match self.random.below(8) {
            0..=1 => self.grant(),
            2..=4 => self.put(lease),
            5..=6 => {
                let answer = self.execute(Request::LeaseKeepAlive { lease });
                if let Ok(Response::LeaseKeepAlive { ttl: 1.., .. }) = answer {
                    self.renewed(lease, sent);
                }
            }
            _ if self.random.one_in(3) => self.crash(),
            _ => {}
        }
        let pause = Duration::from_millis(self.random.pick(&[0, 10, 500, 1500]));
        self.pass(pause);
    }

    fn grant(&mut self) {
        let (lease, ttl) = (LeaseId(self.leases.len() as i64 + 1), self.random.pick(&TTLS));
        let sent = self.now();
        self.execute(Request::LeaseGrant { lease, ttl }).expect("the id is free");
        let ttl = Duration::from_secs(ttl as u64);
        self.leases.insert(lease, Lease { ttl, renewed: (sent, self.now()) });
    }

    fn put(&mut self, lease: LeaseId) {
        let key = self.random.pick(&[b"a", b"b", b"c", b"d", b"e", b"f"]);
        let value = Bytes::from_static(b"v");
        let put = PutRequest { key: key[..].into(), value, lease, ..PutRequest::default() };
        let _refused_when_the_lease_is_over = self.execute(Request::Put(put));
    }

    fn renewed(&mut self, lease: LeaseId, sent: Duration) {
        let now = self.now();
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.renewed = (sent, now);
        }
    }

    /// A new reign starts the time of every lease anew.
    fn crash(&mut self) {
        self.before = self.now();
        let options = Options { cores: self.random.between(1, 3) as u16, ..self.options.clone() };
        let disk = self.member.crash(Crash::PowerLoss);
        self.member = start(&options, disk, &mut self.random);
        let (before, now) = (self.before, self.now());
        self.check_times();
        for lease in self.leases.values_mut() {
            lease.renewed = (before, now);
        }
        let leases = self.execute(Request::LeaseLeases).expect("they can be listed");
        self.base = revision(&leases);
        self.watch();
    }

    /// Every delete here is the end of a lease.
    fn check_times(&self) {
        let mut attached = BTreeMap::new();
        for (at, event) in &self.events {
            let Some(put) = &event.put else {
                let lease = attached.remove(&event.key).expect("only keys of leases die");
                // One that ended in an earlier life has been checked there, unless the crash came
                // before anybody heard of it.
                if event.revision > self.base {
                    self.check_time(*at, lease);
                }
                continue;
            };
            attached.insert(event.key.clone(), LeaseId(put.lease));
        }
    }

    fn check_time(&self, at: Duration, id: LeaseId) {
        let Lease { ttl, renewed: (sent, answered) } = self.leases[&id];
        assert!(at >= sent + ttl, "{id:?} ended at {at:?}, renewed at {sent:?} for {ttl:?}");
        assert!(at <= answered + ttl + LATE, "{id:?} ended at {at:?} only");
    }

    fn finish(mut self, mut model: Model) {
        self.pass(Duration::from_secs(15));
        self.check_times();
        let left = self.execute(Request::LeaseLeases);
        assert!(
            matches!(&left, Ok(Response::LeaseLeases { leases, .. }) if leases.is_empty()),
            "{left:?}"
        );
        // Each lease ends once, at a revision that only its keys show.
        for lease in self.leases.keys() {
            let request = Request::LeaseRevoke { lease: *lease };
            self.operations.push(Operation { request, after: 0, answer: None });
        }
        let events: Vec<Event> = self.events.into_iter().map(|(_, event)| event).collect();
        explain_after_grants(&mut model, self.operations, &events);
    }
}

/// Grants have no revision, and leases that were granted later do no harm.
fn explain_after_grants(model: &mut Model, operations: Vec<Operation>, events: &[Event]) {
    let is_grant = |operation: &Operation| matches!(operation.request, Request::LeaseGrant { .. });
    let (grants, others): (Vec<_>, Vec<_>) = operations.into_iter().partition(is_grant);
    for grant in grants {
        model.apply(&grant.request).expect("the model has room");
    }
    explain(model, &others, events).unwrap_or_else(|why| panic!("{why}"));
    for event in events {
        let attached = model.history().iter().rev().find(|last| last.key == event.key);
        let lives = attached.and_then(|last| last.put.as_ref()).is_some_and(|put| put.lease != 0);
        assert!(!lives, "{event:?} outlives its lease");
    }
}

fn start(options: &Options, disk: Disk, random: &mut Random) -> Member {
    Member::start(options, disk, Random::new(random.next_u64()))
        .unwrap_or_else(|error| panic!("the disk is refused: {error}"))
}

fn run(seed: u64) {
    let mut story = Story::new(seed);
    let model = Model::new(story.options.core.max_txn_ops);
    for _ in 0..STEPS {
        story.step();
    }
    story.finish(model);
}

#[test]
fn leases_end_in_time_with_all_their_keys() {
    each_seed("leases_end_in_time_with_all_their_keys", 200, run);
}
