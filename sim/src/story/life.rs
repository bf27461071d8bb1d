//! One life of a member, from its start to its crash or to the end of the run.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::port::CallId;

use super::memory::Memory;
use super::plan::LifePlan;
use super::streams::{Owner, Streams};
use crate::failure::{Failure, Verdict};
use crate::member::{Member, Told};
use crate::model::random::Random;
use crate::verdict::order::{Operation, revision};
use crate::workload::{Reader, Step, Workload};

/// An answer that takes longer will never come.
const PATIENCE: Duration = Duration::from_secs(20);
/// While somebody has something to do, nobody waits for what is further away.
const SOON: Duration = Duration::from_millis(2);
/// Things that happen until a write of one core ends before another's, or it does not soon.
const TEAR_WITHIN: usize = 500;
/// Nothing happens any more when nothing has happened for so long.
const QUIET: Duration = Duration::from_secs(10);

/// A life.
pub(super) struct Life<'a> {
    pub(super) member: Member,
    pub(super) streams: Streams,
    pub(super) operations: Vec<Operation>,
    pub(super) memory: &'a mut Memory,
    /// When it began.
    began: Duration,
    clients: Vec<Client>,
    calls: BTreeMap<CallId, Call>,
    random: Random,
    steps_begun: usize,
    haste: u64,
}

struct Client {
    workload: Box<dyn Workload>,
    steps: VecDeque<u64>,
    calling: bool,
    /// It does nothing before.
    wake: Duration,
}

struct Call {
    operation: usize,
    /// The client that waits for it.
    client: Option<usize>,
}

impl<'a> Life<'a> {
    pub(super) fn new(plan: &LifePlan, member: Member, memory: &'a mut Memory) -> Self {
        let client = |client: &super::plan::ClientPlan| Client {
            workload: client.kind.start(client.steps.first().copied().unwrap_or_default()),
            steps: client.steps.iter().copied().collect(),
            calling: false,
            wake: Duration::ZERO,
        };
        Self {
            member,
            streams: Streams::default(),
            operations: Vec::new(),
            began: memory.known.now,
            memory,
            clients: plan.clients.iter().map(client).collect(),
            calls: BTreeMap::new(),
            random: Random::new(!plan.seed),
            steps_begun: 0,
            haste: plan.haste,
        }
    }

    /// Opens the observer, and waits until it knows all that is there: the end of history so far.
    /// None when a failing sync ends the process before.
    pub(super) fn observe(&mut self) -> Result<Option<u64>, Failure> {
        self.open_observer();
        let deadline = self.now() + PATIENCE;
        loop {
            let created = self.streams.observer().and_then(|watch| watch.created);
            if let Some(revision) = created
                && self.observed() >= revision
            {
                return Ok(Some(revision));
            }
            if self.member.has_failed() {
                return Ok(None);
            }
            if self.now() >= deadline {
                let evidence = format!("nothing after {}, created at {created:?}", self.observed());
                return Err(Failure::new("watch: reliable", evidence));
            }
            self.pass(self.now() + SOON)?;
        }
    }

    fn open_observer(&mut self) {
        let core = any_core(&self.member, &mut self.random);
        let first = self.memory.known.observed + 1;
        self.memory.forget_observer();
        self.streams.observe(&mut self.member, core, first);
    }

    /// Lets clients do up to `steps` steps.
    pub(super) fn run(&mut self, steps: usize) -> Verdict {
        while self.steps_begun < steps && !self.member.has_failed() {
            let now = self.now();
            let ready = |client: &Client| !client.calling && !client.steps.is_empty();
            let waiting = || self.clients.iter().enumerate().filter(|(_, client)| ready(client));
            let due: Vec<usize> =
                waiting().filter(|(_, client)| client.wake <= now).map(|(at, _)| at).collect();
            let wake = waiting().map(|(_, client)| client.wake).min();
            let busy = self.member.next_at().is_some_and(|at| self.began + at <= now + SOON);
            if !due.is_empty() && (!busy || self.random.one_in(3)) {
                let client = self.random.pick(&due);
                self.begin_step(client)?;
            } else if self.calls.is_empty() && wake.is_none() {
                break;
            } else {
                self.pass(wake.unwrap_or(now + PATIENCE))?;
            }
        }
        Ok(())
    }

    /// Lets some more things happen.
    pub(super) fn linger(&mut self, things: u64) -> Verdict {
        for _ in 0..self.random.below(things + 1) {
            self.pass(self.now() + SOON)?;
        }
        Ok(())
    }

    /// Lets things happen until a crash would do most harm, or nothing comes of it.
    pub(super) fn wait_for_tear(&mut self) -> Verdict {
        let mut tears_left = self.random.below(4);
        for _ in 0..TEAR_WITHIN {
            if self.member.is_torn() {
                if tears_left == 0 {
                    break;
                }
                tears_left -= 1;
            }
            self.pass(self.now() + SOON)?;
        }
        Ok(())
    }

    /// Waits for every answer.
    pub(super) fn finish_calls(&mut self) -> Verdict {
        while !self.calls.is_empty() && !self.member.has_failed() {
            self.pass(self.now() + PATIENCE)?;
        }
        Ok(())
    }

    /// Waits until all is answered and, after all leases, still for some time.
    pub(super) fn rest(&mut self, time: Duration) -> Verdict {
        self.finish_calls()?;
        let all_over = self.memory.ledger.all_over();
        self.sleep_until(all_over.max(self.now()) + time)
    }

    /// Lets time pass until `at`.
    fn sleep_until(&mut self, at: Duration) -> Verdict {
        while self.now() < at && !self.member.has_failed() {
            self.pass(at)?;
            self.streams.take_all(&mut self.member)?;
        }
        Ok(())
    }

    /// Waits until nobody is told anything new.
    pub(super) fn settle(&mut self) -> Verdict {
        let mut deadline = self.now() + QUIET;
        while self.now() < deadline {
            self.pass(deadline)?;
            if self.streams.take_all(&mut self.member)? {
                deadline = self.now() + QUIET;
            }
        }
        Ok(())
    }

    /// Asks for something and waits for the answer.
    pub(super) fn ask(&mut self, request: Request) -> Result<Result<Response, Error>, Failure> {
        let core = any_core(&self.member, &mut self.random);
        let operation = self.operations.len();
        self.send(None, core, request);
        self.finish_calls()?;
        let answer = self.operations[operation].answer.clone();
        Ok(answer.map_or(Err(Error::TimedOut), |(_, answer)| answer))
    }

    pub(super) fn now(&self) -> Duration {
        self.began + self.member.now()
    }

    fn observed(&self) -> u64 {
        self.memory.known.observed
    }

    /// Lets the next thing happen, or time pass until `limit`.
    fn pass(&mut self, limit: Duration) -> Verdict {
        match self.member.next_at() {
            Some(at) if self.began + at <= limit => {
                self.member.advance();
            }
            _ => self.member.wait_until(limit.saturating_sub(self.began)),
        }
        self.memory.known.now = self.now();
        self.listen()?;
        self.streams.take_some(&mut self.member, &mut self.random)?;
        self.memory.note(self.streams.observer());
        // A disk that cannot be read ends watchers, and this one must go on.
        if self.streams.observer().is_some_and(|watch| watch.canceled.is_some()) {
            self.open_observer();
        }
        Ok(())
    }

    fn listen(&mut self) -> Verdict {
        while let Some(told) = self.member.poll_told() {
            match told {
                Told::Answer(_, call, answer) => self.answered(call, answer)?,
                Told::Watch(core, stream, response) => {
                    let now = self.now();
                    self.streams.arrived(now, core, stream, response);
                }
                Told::EndStream(_, stream, _) => self.streams.ended(stream)?,
            }
        }
        let now = self.now();
        let sent = |call: &Call| self.operations[call.operation].sent;
        match self.calls.values().find(|call| now > sent(call) + PATIENCE) {
            Some(late) => {
                let evidence = format!("at {now:?}: {:?}", self.operations[late.operation]);
                Err(Failure::new("every request is answered", evidence))
            }
            None => Ok(()),
        }
    }

    fn answered(&mut self, call: CallId, answer: Result<Response, Error>) -> Verdict {
        let now = self.now();
        let Some(Call { operation, client }) = self.calls.remove(&call) else {
            return Err(Failure::new("every request is answered once", format!("{answer:?}")));
        };
        let operation = &mut self.operations[operation];
        operation.answer = Some((now, answer.clone()));
        if let Ok(response) = &answer {
            self.memory.known.revision = self.memory.known.revision.max(revision(response));
        }
        self.memory.answered(operation)?;
        let Some(client) = client else { return Ok(()) };
        let client = &mut self.clients[client];
        client.calling = false;
        client.wake = now + Duration::from_micros(self.random.pick(&[0, 0, 50, 2000]));
        client.workload.answered(&operation.request, &answer, &mut self.memory.known)
    }

    fn begin_step(&mut self, at: usize) -> Verdict {
        let client = &mut self.clients[at];
        let Some(seed) = client.steps.pop_front() else { return Ok(()) };
        self.steps_begun += 1;
        let mut random = Random::new(seed);
        let core = any_core(&self.member, &mut random);
        // A client that has lost its patience, or its connection.
        let waits = !random.one_in(self.haste);
        let step = client.workload.next(&mut self.memory.known, &mut random);
        let stream = self.streams.any_of(at, &mut random);
        match (step, stream) {
            (Step::Call(request), _) => self.send(waits.then_some(at), core, request),
            (Step::Send(request), _) => self.send(None, core, request),
            (Step::Pause(pause), _) => self.clients[at].wake = self.now() + pause,
            (Step::Watch(creates, reader), _) => {
                self.streams.open(&mut self.member, core, Owner::Client(at), creates, reader);
            }
            (Step::Close, Some(stream)) => self.streams.close(&mut self.member, stream),
            (Step::Progress, Some(stream)) => self.streams.ask_progress(&mut self.member, stream),
            (Step::Cancel, Some(stream)) => {
                self.streams.cancel(&mut self.member, stream, &mut random);
            }
            (Step::Resume, Some(stream)) => {
                let create = self.streams.resume(&mut self.member, stream);
                let creates = create.into_iter().collect();
                let (owner, reader) = (Owner::Client(at), Reader::Eager);
                self.streams.open(&mut self.member, core, owner, creates, reader);
            }
            (Step::Close | Step::Progress | Step::Cancel | Step::Resume, None) => {}
        }
        Ok(())
    }

    fn send(&mut self, client: Option<usize>, core: CoreId, request: Request) {
        let now = self.now();
        self.memory.sent(&request, now);
        let call = self.member.call(core, request.clone());
        let operation = self.operations.len();
        self.calls.insert(call, Call { operation, client });
        if let Some(client) = client {
            self.clients[client].calling = true;
        }
        let (after, compacted) = (self.memory.known.revision, self.memory.known.compacted);
        self.operations.push(Operation { request, sent: now, after, compacted, answer: None });
    }
}

fn any_core(member: &Member, random: &mut Random) -> CoreId {
    CoreId(random.below(u64::from(member.cores())) as u16)
}
