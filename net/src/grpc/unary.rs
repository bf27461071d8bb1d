//! One request, one answer: a call that the connection's task drives itself.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use braid_core::api::Response;
use braid_core::error::{Code, Error};
use braid_core::port::Call;
use braid_core::stages::Stage;
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};

use crate::budget::Charge;
use crate::grpc::message::{MessageReader, ReadError, ReadRules};
use crate::grpc::method::Method;
use crate::grpc::peer::Peer;
use crate::grpc::reply::{self, Gone};
use crate::grpc::request_head::RequestHead;
use crate::grpc::slow::Question;
use crate::grpc::status::Status;
use crate::grpc::stream::{self, Responses};
use crate::limits::REQUEST_OVERHEAD_BYTES;
use crate::services::{self, Answer, Step};

/// A call in flight. It goes `Reading`, `Asking`, `Sending`, over.
pub struct UnaryCall {
    peer: Rc<Peer>,
    method: Method,
    /// None once a scan's task took it over.
    respond: Option<SendResponse<Bytes>>,
    charge: Charge,
    /// When the client or the server gives up, on the front-end's clock.
    deadline: Duration,
    client_deadline: Option<Duration>,
    state: State,
}

enum State {
    Reading(RecvStream, MessageReader),
    Asking(Call, Question),
    Sending(SendStream<Bytes>, Bytes),
}

/// What a poll of a state leads to.
enum Next {
    State(State),
    Over,
}

impl UnaryCall {
    /// A call whose headers arrived.
    pub fn new(
        peer: &Rc<Peer>,
        head: RequestHead,
        body: RecvStream,
        respond: SendResponse<Bytes>,
        charge: Charge,
    ) -> Self {
        let now = peer.now.get();
        let mut call = Self {
            peer: Rc::clone(peer),
            method: head.method,
            respond: Some(respond),
            charge,
            deadline: Duration::MAX,
            client_deadline: head.timeout.map(|timeout| now.saturating_add(timeout)),
            state: State::Reading(body, MessageReader::default()),
        };
        call.allow(Some(peer.front.limits.receive_timeout));
        call
    }

    /// When the call must be looked at again at the latest.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// From now on the server gives itself this long.
    fn allow(&mut self, time: Option<Duration>) {
        let server = time.map(|time| self.peer.now.get().saturating_add(time));
        let both = server.into_iter().chain(self.client_deadline);
        self.deadline = both.min().unwrap_or(Duration::MAX);
    }

    /// Goes as far as it can.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.peer.now.get() >= self.deadline {
            let status = self.timed_out();
            if let State::Asking(_, question) = &self.state {
                question.settled(self.peer.now.get(), status.code, &self.peer.front.slow_calls);
            }
            self.refuse(status);
            return Poll::Ready(());
        }
        loop {
            match ready!(self.poll_state(context)) {
                Ok(Next::State(state)) => self.state = state,
                Ok(Next::Over) | Err(ReadError::Gone) => return Poll::Ready(()),
                Err(ReadError::Refused(status)) => {
                    self.refuse(status);
                    return Poll::Ready(());
                }
            }
        }
    }

    fn poll_state(&mut self, context: &mut Context<'_>) -> Poll<Result<Next, ReadError>> {
        match &mut self.state {
            State::Reading(body, reader) => {
                let max_bytes = self.peer.front.limits.max_message_bytes();
                let rules = ReadRules { max_bytes, charge: &mut self.charge };
                let message = ready!(reader.poll_next(context, body, rules))?;
                Poll::Ready(self.begin(message))
            }
            State::Asking(call, question) => {
                let answer = ready!(Pin::new(call).poll(context));
                let code = answer.as_ref().map_or_else(|error| error.code(), |_| Code::Ok);
                question.settled(self.peer.now.get(), code, &self.peer.front.slow_calls);
                Poll::Ready(self.finish(answer))
            }
            State::Sending(stream, payload) => {
                if let Ok(()) = ready!(reply::poll_send(stream, payload, &self.peer, context)) {
                    reply::end(stream, Ok(()));
                }
                self.count(Code::Ok);
                Poll::Ready(Ok(Next::Over))
            }
        }
    }

    fn begin(&mut self, message: Option<Bytes>) -> Result<Next, ReadError> {
        let message = message.ok_or_else(no_message)?;
        let front = &self.peer.front;
        front.metrics.received(self.method, message.len());
        let question = Question::new(self.method, self.peer.now.get(), message.clone());
        let before = front.stopwatch.enter(Stage::Decode);
        let step = services::begin(self.method, message, front);
        front.stopwatch.leave(before);
        match step? {
            Step::Answer(payload) => self.send(payload),
            Step::Ask(request) => {
                let call = front.port.call(request);
                self.allow(services::time_limit(self.method, &self.peer.front.limits));
                Ok(Next::State(State::Asking(call, question)))
            }
        }
    }

    fn finish(&mut self, answer: Result<Response, Error>) -> Result<Next, ReadError> {
        let response = answer.map_err(|error| services::refusal(self.method, error))?;
        let stopwatch = &self.peer.front.stopwatch;
        let before = stopwatch.enter(Stage::Encode);
        let answer = services::finish(self.method, response, &self.peer.front);
        stopwatch.leave(before);
        match answer? {
            Answer::Whole(payload) => self.send(payload),
            Answer::Scan(first) => {
                let respond = self.respond.take().ok_or(ReadError::Gone)?;
                let charge = mem::replace(&mut self.charge, Charge::new(&self.peer.account));
                let responses = Responses::new(&self.peer, self.method, respond, charge);
                stream::spawn_scan(&self.peer, first, responses, self.client_deadline);
                Ok(Next::Over)
            }
        }
    }

    fn send(&mut self, payload: Bytes) -> Result<Next, ReadError> {
        let respond = self.respond.as_mut().ok_or(ReadError::Gone)?;
        let stream = reply::start(respond).map_err(|Gone| ReadError::Gone)?;
        self.charge.replace(REQUEST_OVERHEAD_BYTES + payload.len() as u64);
        self.peer.front.metrics.sent(self.method, 1, payload.len());
        self.allow(Some(self.peer.front.limits.send_timeout));
        Ok(Next::State(State::Sending(stream, payload)))
    }

    fn timed_out(&self) -> Status {
        match self.client_deadline {
            Some(deadline) if deadline <= self.deadline => Status::deadline_exceeded(),
            _ => Error::TimedOut.into(),
        }
    }

    fn refuse(&mut self, status: Status) {
        self.count(status.code);
        if let State::Sending(stream, _) = &mut self.state {
            reply::end(stream, Err(&status));
        } else if let Some(respond) = &mut self.respond {
            reply::refuse(respond, &status.into(), &self.peer);
        }
    }

    fn count(&self, code: Code) {
        self.peer.front.metrics.handled(self.method, code);
    }
}

/// The answer to a unary call whose message never came; streams have another.
fn no_message() -> Status {
    Status::new(Code::Unknown, "EOF")
}
