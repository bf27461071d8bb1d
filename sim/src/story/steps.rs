//! What the clients of a life do: requests and answers, watches, pauses.

use std::collections::VecDeque;
use std::time::Duration;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::port::{CallId, StreamId};
use braid_judge::reader::is_refusal;

use super::life::Life;
use super::memory::Memory;
use super::plan::ClientPlan;
use super::stream::Owner;
use crate::failure::{Failure, Verdict};
use crate::model::random::Random;
use crate::workload::{Reader, Step, Workload};

/// A client's program and how far it is.
pub(super) struct Client {
    pub(super) workload: Box<dyn Workload>,
    /// Its number in the history as the holder of locks: another one in each life.
    pub(super) holder: u64,
    pub(super) steps: VecDeque<u64>,
    pub(super) calling: bool,
    /// It does nothing before.
    pub(super) wake: Duration,
}

impl Client {
    pub(super) fn new(plan: &ClientPlan, memory: &mut Memory) -> Self {
        Self {
            workload: plan.kind.start(plan.steps.first().copied().unwrap_or_default()),
            holder: memory.holder(),
            steps: plan.steps.iter().copied().collect(),
            calling: false,
            wake: Duration::ZERO,
        }
    }
}

/// A request under way.
pub(super) struct Call {
    /// Its number in the history.
    pub(super) number: u64,
    pub(super) request: Request,
    pub(super) sent: Duration,
    pub(super) asker: Asker,
}

/// Who wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A client that waits for it.
    Client(usize),
    /// Nobody any more.
    Nobody,
    /// The story itself.
    Story,
}

impl Life<'_> {
    pub(super) fn begin_step(&mut self, at: usize) {
        let client = &mut self.clients[at];
        let Some(seed) = client.steps.pop_front() else { return };
        self.steps_begun += 1;
        let mut random = Random::new(seed);
        let core = CoreId(random.below(u64::from(self.member.cores())) as u16);
        // A client that has lost its patience, or its connection.
        let asker = if random.one_in(self.haste) { Asker::Nobody } else { Asker::Client(at) };
        let step = client.workload.next(&mut self.memory.known, &mut random);
        match step {
            Step::Call(request) => self.send(asker, core, request),
            Step::Send(request) => self.send(Asker::Nobody, core, request),
            Step::Pause(pause) => self.clients[at].wake = self.now() + pause,
            Step::Hold(lock, lease) => self.memory.hold(self.clients[at].holder, lock, lease),
            Step::Release(lock) => self.memory.release(self.clients[at].holder, lock),
            Step::Watch(creates, reader) => {
                let world = (&mut self.member, &mut *self.memory);
                self.streams.open(world, core, Owner::Client(at), creates, reader);
            }
            Step::Close | Step::Progress | Step::Cancel | Step::Resume => {
                if let Some(stream) = self.streams.any_of(at, &mut random) {
                    self.go_on(at, &step, stream, core, &mut random);
                }
            }
        }
    }

    /// A client does something about a stream that it has.
    fn go_on(
        &mut self,
        at: usize,
        step: &Step,
        stream: StreamId,
        core: CoreId,
        random: &mut Random,
    ) {
        let world = (&mut self.member, &mut *self.memory);
        match step {
            Step::Close => self.streams.close(world.0, world.1, stream),
            Step::Progress => self.streams.ask_progress(world.0, stream),
            Step::Cancel => self.streams.cancel(world, stream, random),
            _ => {
                let create = self.streams.resume(world, stream).into_iter().collect();
                let world = (&mut self.member, &mut *self.memory);
                self.streams.open(world, core, Owner::Client(at), create, Reader::Eager);
            }
        }
    }

    pub(super) fn send(&mut self, asker: Asker, core: CoreId, request: Request) {
        self.requests += 1;
        self.memory.sent(&request);
        let client = match asker {
            Asker::Client(at) => {
                self.clients[at].calling = true;
                Owner::Client(at).number()
            }
            Asker::Nobody | Asker::Story => Owner::Observer.number(),
        };
        let (number, time) = (self.memory.number(), self.memory.time());
        self.memory.recorder.call(client, number, time, &request);
        let call = self.member.call(core, request.clone());
        self.calls.insert(call, Call { number, request, sent: self.now(), asker });
    }

    pub(super) fn answered(&mut self, call: CallId, answer: Result<Response, Error>) -> Verdict {
        let Some(Call { number, request, asker, .. }) = self.calls.remove(&call) else {
            return Err(Failure::new("every request is answered once", format!("{answer:?}")));
        };
        self.memory.recorder.answered(number, self.memory.time(), &answer);
        if let Err(error) = answer
            && !self.expects(error)
        {
            let evidence = format!("{error} to {request:?}");
            return Err(Failure::new("a member that runs leaves no outcome open", evidence));
        }
        self.memory.answered(&request, &answer);
        match asker {
            Asker::Nobody => {}
            Asker::Story => self.answer = Some(answer),
            Asker::Client(at) => {
                let client = &mut self.clients[at];
                client.calling = false;
                let pause = self.random.pick(&[0, 0, 50, 2000]);
                client.wake = self.memory.known.now + Duration::from_micros(pause);
                client.workload.answered(&request, &answer, &mut self.memory.known)?;
            }
        }
        Ok(())
    }

    /// Whether a member may give this error: there is room for all requests of a story.
    fn expects(&self, error: Error) -> bool {
        match error {
            Error::CorruptValue => self.bad_reads,
            Error::TooManyRequests => false,
            error => is_refusal(error),
        }
    }

    pub(super) fn any_core(&mut self) -> CoreId {
        CoreId(self.random.below(u64::from(self.member.cores())) as u16)
    }
}
