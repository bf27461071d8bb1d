//! One life of a member, from its start to its crash or to the end of the run.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::port::CallId;

use super::memory::Memory;
use super::plan::LifePlan;
use super::steps::{Asker, Call, Client};
use super::stream::Owner;
use super::streams::Streams;
use crate::failure::{Failure, Verdict};
use crate::member::{Member, Told};
use crate::model::random::Random;
use crate::workload::Kind;

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
    pub(super) memory: &'a mut Memory,
    /// Requests that were sent.
    pub(super) requests: usize,
    /// When it began.
    began: Duration,
    pub(super) clients: Vec<Client>,
    pub(super) calls: BTreeMap<CallId, Call>,
    pub(super) random: Random,
    pub(super) steps_begun: usize,
    pub(super) haste: u64,
    /// Reads of the disk may fail.
    pub(super) bad_reads: bool,
    /// The last answer that nobody but the story has waited for.
    pub(super) answer: Option<Result<Response, Error>>,
}

impl<'a> Life<'a> {
    pub(super) fn new(plan: &LifePlan, member: Member, memory: &'a mut Memory) -> Self {
        // Only what nobody else deletes is a lock.
        if plan.clients.iter().any(|client| client.kind == Kind::Mixed) {
            memory.release_all();
        }
        let clients = plan.clients.iter().map(|client| Client::new(client, memory)).collect();
        Self {
            member,
            streams: Streams::new(plan.faults.bad_reads),
            requests: 0,
            began: memory.known.now,
            memory,
            clients,
            calls: BTreeMap::new(),
            random: Random::new(!plan.seed),
            steps_begun: 0,
            haste: plan.haste,
            bad_reads: plan.faults.bad_reads,
            answer: None,
        }
    }

    /// Opens the observer, and waits until it knows all that is there, or a failing sync has ended
    /// the process.
    pub(super) fn observe(&mut self) -> Verdict {
        self.open_observer();
        let deadline = self.now() + PATIENCE;
        loop {
            let created = self.streams.observer().and_then(|watch| watch.created);
            if let Some(revision) = created
                && self.observed() >= revision
            {
                return Ok(());
            }
            if self.member.has_failed() {
                return Ok(());
            }
            if self.now() >= deadline {
                let evidence = format!("nothing after {}, created at {created:?}", self.observed());
                return Err(Failure::new("watch: who waits is told", evidence));
            }
            self.pass(self.now() + SOON)?;
        }
    }

    fn open_observer(&mut self) {
        let core = self.any_core();
        let first = self.memory.known.observed + 1;
        self.streams.observe((&mut self.member, self.memory), core, first);
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
                self.begin_step(client);
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
        let all_over = self.memory.leases_over;
        self.sleep_until(all_over.max(self.now()) + time)
    }

    /// Lets time pass until `at`.
    fn sleep_until(&mut self, at: Duration) -> Verdict {
        while self.now() < at && !self.member.has_failed() {
            self.pass(at)?;
            self.streams.take_all(&mut self.member);
        }
        Ok(())
    }

    /// Waits until nobody is told anything new.
    pub(super) fn settle(&mut self) -> Verdict {
        let mut deadline = self.now() + QUIET;
        while self.now() < deadline {
            self.pass(deadline)?;
            if self.streams.take_all(&mut self.member) {
                deadline = self.now() + QUIET;
            }
        }
        Ok(())
    }

    /// Asks for something and waits for the answer.
    pub(super) fn ask(&mut self, request: Request) -> Result<Result<Response, Error>, Failure> {
        let core = self.any_core();
        self.answer = None;
        self.send(Asker::Story, core, request);
        self.finish_calls()?;
        Ok(self.answer.take().unwrap_or(Err(Error::TimedOut)))
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
        self.streams.take_some(&mut self.member, &mut self.random);
        // A disk that cannot be read ends watchers, and this one must go on.
        if self.streams.observer().is_some_and(|watch| watch.canceled) {
            self.open_observer();
        }
        Ok(())
    }

    fn listen(&mut self) -> Verdict {
        while let Some(told) = self.member.poll_told() {
            match told {
                Told::Answer(_, call, answer) => self.answered(call, answer)?,
                Told::Watch(core, stream, responses) => {
                    let client = self.streams.arrived(self.memory, core, stream, &responses)?;
                    if let Some(Owner::Client(at)) = client {
                        for response in responses.each() {
                            self.clients[at].workload.told(&response)?;
                        }
                    }
                }
                Told::EndStream(_, stream, _) => self.streams.ended(self.memory, stream)?,
            }
        }
        let now = self.now();
        match self.calls.values().find(|call| now > call.sent + PATIENCE) {
            Some(Call { request, sent, .. }) => {
                let evidence = format!("{request:?}, sent at {sent:?}, is not at {now:?}");
                Err(Failure::new("every request is answered", evidence))
            }
            None => Ok(()),
        }
    }
}
