//! A made-up server and its clients: requests overlap, answers get lost, leases end, watchers lag.
//! What they note is right by construction: the model answers.

mod lease;
mod watcher;

use braid_core::api::{CompactRequest, Request, Response, Status};
use braid_core::error::Error;
use braid_core::ids::{LeaseId, Revision};
use braid_judge::model::Model;
use braid_judge::model::generate::{Generator, Hints};
use braid_judge::model::random::Random;
use braid_judge::record::Recorder;
use braid_judge::wire::{Clock, Head, Line};
use lease::Leases;
use watcher::Watcher;

const MAX_TXN_OPS: usize = 128;
const CLIENTS: u64 = 5;
const MS: u64 = 1_000_000;

/// A request under way.
struct Pending {
    id: u64,
    request: Request,
    answer: Option<Result<Response, Error>>,
    /// Its client gives up before the answer.
    lost: bool,
}

/// All of it.
pub struct World {
    random: Random,
    generator: Generator,
    model: Model,
    recorder: Recorder,
    clients: Vec<Option<Pending>>,
    /// Requests whose clients have given up and which may still happen.
    strays: Vec<Request>,
    watchers: Vec<Watcher>,
    leases: Leases,
    now: u64,
    last_id: u64,
}

/// A history of about `steps` things that happen.
pub fn history(seed: u64, steps: usize) -> Vec<Line> {
    let head = Head {
        version: 1,
        clock: Clock::One,
        max_txn_ops: MAX_TXN_OPS,
        lease_late_ms: 200,
        one_member: false,
    };
    let mut random = Random::new(seed);
    let mut world = World {
        generator: Generator::new(random.next_u64()),
        random,
        model: Model::new(MAX_TXN_OPS),
        recorder: Recorder::new(head),
        clients: (0..CLIENTS).map(|_| None).collect(),
        strays: Vec::new(),
        watchers: Vec::new(),
        leases: Leases::default(),
        now: 0,
        last_id: 0,
    };
    for lease in [1, 2, 3, 7] {
        world.at_once(Request::LeaseGrant { lease: LeaseId(lease), ttl: 9_000_000 });
    }
    for _ in 0..steps {
        world.step();
    }
    world.finish()
}

impl World {
    fn step(&mut self) {
        self.now += self.random.below(3 * MS);
        self.end_leases();
        let client = self.random.below(CLIENTS) as usize;
        match self.random.below(10) {
            0..=5 => self.act(client),
            6..=8 => self.tell(),
            _ if self.watchers.len() < 12 => self.open_watcher(),
            _ => self.stray(),
        }
    }

    fn act(&mut self, client: usize) {
        match self.clients[client].take() {
            None => self.call(client),
            Some(pending) if pending.answer.is_some() => self.end(client as u64, pending),
            Some(pending) if pending.lost && self.random.one_in(2) => {
                self.recorder.lost(pending.id, self.now, "it took too long");
                self.strays.push(pending.request);
            }
            Some(mut pending) => {
                pending.answer = Some(self.apply(&pending.request));
                self.clients[client] = Some(pending);
            }
        }
    }

    fn call(&mut self, client: usize) {
        self.last_id += 1;
        let hints = Hints { revision: self.model.revision(), compacted: self.model.compacted() };
        let request = match self.random.below(12) {
            0 => self.lease_request(),
            1 if self.random.one_in(6) => Request::Status,
            1 if self.random.one_in(6) => {
                let revision = hints.compacted + self.random.between(0, 9);
                Request::Compact(CompactRequest { revision, physical: false })
            }
            2..=5 => Request::Put(self.generator.put()),
            6 => Request::DeleteRange(self.generator.delete()),
            7..=8 => Request::Range(self.generator.range(hints)),
            _ => Request::Txn(self.generator.txn(hints, 2)),
        };
        self.recorder.call(client as u64, self.last_id, self.now, &request);
        let lost = self.random.one_in(20);
        self.clients[client] = Some(Pending { id: self.last_id, request, answer: None, lost });
    }

    fn end(&mut self, client: u64, pending: Pending) {
        let Some(answer) = pending.answer else { return };
        if pending.lost {
            self.recorder.lost(pending.id, self.now, "the answer did not arrive");
        } else {
            self.leases.note_answer(client, &answer);
            self.recorder.answered(pending.id, self.now, &answer);
        }
    }

    fn apply(&mut self, request: &Request) -> Result<Response, Error> {
        if *request == Request::Status {
            return Ok(Response::Status(self.status()));
        }
        let answer = self.model.apply(request);
        self.leases.note_applied(request, &answer, self.now);
        answer
    }

    fn status(&self) -> Status {
        Status {
            revision: Revision(self.model.revision()),
            compact_revision: self.model.compacted(),
            // Grow, and that is all that is promised.
            raft_index: self.now,
            raft_applied_index: self.now,
            ..Status::default()
        }
    }

    /// Client 0 asks and waits.
    fn at_once(&mut self, request: Request) {
        self.last_id += 1;
        self.recorder.call(0, self.last_id, self.now, &request);
        let answer = self.apply(&request);
        self.recorder.answered(self.last_id, self.now, &answer);
    }

    /// A request happens after its client has given up, or never.
    fn stray(&mut self) {
        let Some(request) = self.strays.pop() else { return };
        if self.random.one_in(2) {
            let _ = self.apply(&request);
        }
    }

    fn finish(mut self) -> Vec<Line> {
        for client in 0..self.clients.len() {
            if let Some(pending) = self.clients[client].take() {
                self.end(client as u64, pending);
            }
        }
        self.close_watchers();
        self.recorder.finish()
    }
}
