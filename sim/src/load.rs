//! Clients that send requests at the same time, and a record of what they were told.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::Request;
use braid_core::ids::{CoreId, LeaseId};
use braid_core::port::CallId;

use crate::history::{Operation, revision};
use crate::member::{Member, Told};
use crate::model::generate::{Generator, Hints};
use crate::model::random::Random;
use crate::watcher::Watchers;

/// An answer that takes longer will never come.
const PATIENCE: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(1);
const TXN_DEPTH: usize = 2;

/// Clients of a member.
pub struct Load {
    /// What was sent so far.
    pub operations: Vec<Operation>,
    /// Watchers of the same member.
    pub watchers: Watchers,
    random: Random,
    generator: Generator,
    clients: usize,
    /// Calls under way: the operation, and when it was sent.
    calls: BTreeMap<CallId, (usize, Duration)>,
    /// Leases that may be revoked, each once.
    leases: Vec<LeaseId>,
    seen: u64,
    compacted: i64,
}

impl Load {
    /// `clients` clients that know what `hints` say. `leases` may be revoked.
    #[must_use]
    pub fn new(seed: u64, clients: usize, hints: Hints, leases: Vec<LeaseId>) -> Self {
        let mut random = Random::new(seed);
        Self {
            operations: Vec::new(),
            watchers: Watchers::default(),
            generator: Generator::new(random.next_u64()),
            random,
            clients,
            calls: BTreeMap::new(),
            leases,
            seen: hints.revision,
            compacted: hints.compacted,
        }
    }

    /// Runs the member until `requests` requests were sent.
    pub fn send(&mut self, member: &mut Member, requests: usize) {
        let enough = self.operations.len() + requests;
        while self.operations.len() < enough {
            if self.calls.len() < self.clients && self.random.one_in(3) {
                self.send_one(member);
            } else {
                self.advance(member);
            }
        }
    }

    /// Runs the member until everything is answered and every watcher was told.
    pub fn settle(&mut self, member: &mut Member) {
        while !self.calls.is_empty() {
            self.advance(member);
        }
        // A slow disk feeds a watcher slowly.
        let mut deadline = member.now() + SOON;
        while member.advance_before(deadline) {
            if self.listen(member) {
                deadline = member.now() + SOON;
            }
            self.watchers.take_all(member);
        }
    }

    /// Lets one thing happen, if anything does soon: leases are not to run out.
    pub fn advance(&mut self, member: &mut Member) {
        if !member.advance_before(member.now() + SOON) {
            assert!(self.calls.is_empty(), "never answered: {:?}", self.under_way());
        }
        self.listen(member);
        self.watchers.take_some(member, &mut self.random);
    }

    /// Returns whether there was any news: how far a watcher has come is told for ever.
    fn listen(&mut self, member: &mut Member) -> bool {
        let mut any = false;
        while let Some(told) = member.poll_told() {
            any |= !matches!(&told, Told::Watch(.., response) if response.events.is_empty());
            match told {
                Told::Answer(_, call, answer) => {
                    if let Ok(answer) = &answer {
                        self.seen = self.seen.max(revision(answer));
                    }
                    if let Some((operation, _)) = self.calls.remove(&call) {
                        self.operations[operation].answer = Some(answer);
                    }
                }
                Told::Watch(core, stream, response) => {
                    self.watchers.handle(core, stream, response);
                }
                Told::EndStream(_, stream, error) => panic!("stream {stream:?} ends: {error}"),
            }
        }
        let late = self.calls.values().find(|(_, sent)| member.now() > *sent + PATIENCE);
        assert!(late.is_none(), "never answered: {:?}", self.under_way());
        any
    }

    fn under_way(&self) -> Vec<&Request> {
        self.calls.values().map(|(operation, _)| &self.operations[*operation].request).collect()
    }

    fn send_one(&mut self, member: &mut Member) {
        let request = self.request();
        let core = CoreId(self.random.below(u64::from(member.cores())) as u16);
        let call = member.call(core, request.clone());
        self.calls.insert(call, (self.operations.len(), member.now()));
        self.operations.push(Operation { request, after: self.seen, answer: None });
    }

    fn request(&mut self) -> Request {
        let hints = Hints { revision: self.seen, compacted: self.compacted };
        match self.random.below(40) {
            0..=17 => Request::Put(self.generator.put()),
            18..=22 => Request::DeleteRange(self.generator.delete()),
            23..=29 => Request::Range(self.generator.range(hints)),
            39 if !self.leases.is_empty() => {
                let place = self.random.below(self.leases.len() as u64) as usize;
                Request::LeaseRevoke { lease: self.leases.swap_remove(place) }
            }
            _ => Request::Txn(self.generator.txn(hints, TXN_DEPTH)),
        }
    }
}
