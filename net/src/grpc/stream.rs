//! Long-lived calls: each runs as a task of its own, until it is over, its deadline passes, the
//! client leaves, or the server does.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use braid_core::api::RangeResponse;
use braid_core::error::{Code, Error};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};

use crate::budget::Charge;
use crate::grpc::message::{MessageReader, ReadError, ReadRules};
use crate::grpc::method::Method;
use crate::grpc::peer::{Peer, StreamCount};
use crate::grpc::reply::{self, Gone};
use crate::grpc::request_head::RequestHead;
use crate::grpc::status::Status;
use crate::limits::STREAM_OVERHEAD_BYTES;
use crate::services;
use crate::timer::{Either, LocalBoxFuture, either};

/// The answer to a call whose one message never came.
fn no_message() -> Status {
    Status::new(
        Code::Internal,
        "cardinality violation: received no request message from non-client-streaming RPC",
    )
}

/// The client's side of a call.
pub struct Requests {
    peer: Rc<Peer>,
    method: Method,
    body: RecvStream,
    reader: MessageReader,
    charge: Charge,
}

impl Requests {
    /// The next message; none when the client has sent its last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Self::next`], to be polled.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, ReadError>> {
        self.charge.replace(STREAM_OVERHEAD_BYTES);
        let max_bytes = self.peer.front.limits.max_message_bytes();
        let rules = ReadRules { max_bytes, charge: &mut self.charge };
        let outcome = self.reader.poll_next(context, &mut self.body, rules);
        if let Poll::Ready(Ok(Some(message))) = &outcome {
            self.peer.front.metrics.received(self.method, message.len());
        }
        outcome
    }

    /// The only message of a call that has one.
    pub async fn only(&mut self) -> Result<Bytes, ReadError> {
        Ok(self.next().await?.ok_or_else(no_message)?)
    }
}

/// The server's side of a call.
pub struct Responses {
    peer: Rc<Peer>,
    method: Method,
    /// Never borrowed across an await.
    sender: RefCell<Sender>,
    /// Pays for what waits for the client.
    charge: RefCell<Charge>,
}

struct Sender {
    respond: SendResponse<Bytes>,
    stream: Option<SendStream<Bytes>>,
}

impl Sender {
    /// Sends the headers if that is still to be done.
    fn started(&mut self) -> Result<&mut SendStream<Bytes>, Gone> {
        match &mut self.stream {
            Some(stream) => Ok(stream),
            none => Ok(none.insert(reply::start(&mut self.respond)?)),
        }
    }
}

impl Responses {
    /// The answering side of a call that sent nothing yet.
    pub fn new(
        peer: &Rc<Peer>,
        method: Method,
        respond: SendResponse<Bytes>,
        charge: Charge,
    ) -> Self {
        let sender = RefCell::new(Sender { respond, stream: None });
        Self { peer: Rc::clone(peer), method, sender, charge: RefCell::new(charge) }
    }

    /// Sends a message with its prefix, waiting for the client to take it.
    pub async fn send(&self, payload: Bytes) -> Result<(), ReadError> {
        self.count_messages(1, payload.len());
        self.send_counted(payload, 0).await
    }

    /// Sends messages with their prefixes that were counted, waiting for the client to take them.
    /// `kept_bytes` are held for what comes after.
    pub async fn send_counted(&self, payload: Bytes, kept_bytes: usize) -> Result<(), ReadError> {
        self.charge.borrow_mut().replace((payload.len() + kept_bytes) as u64);
        self.deliver(payload, None).await
    }

    /// Sends a piece of an answer that holds something open; a client that does not take it in
    /// time loses the rest.
    pub async fn send_piece(&self, payload: Bytes) -> Result<(), ReadError> {
        self.charge.borrow_mut().replace(payload.len() as u64);
        self.deliver(payload, Some(self.peer.front.limits.send_timeout)).await
    }

    /// Counts messages that go out, of `bytes` together.
    pub fn count_messages(&self, messages: u64, bytes: usize) {
        self.peer.front.metrics.sent(self.method, messages, bytes);
    }

    async fn deliver(
        &self,
        mut payload: Bytes,
        patience: Option<Duration>,
    ) -> Result<(), ReadError> {
        let mut stalled: Option<LocalBoxFuture> = None;
        poll_fn(|context| {
            if let Poll::Ready(sent) = self.poll_send(&mut payload, context) {
                return Poll::Ready(sent.map_err(|Gone| ReadError::Gone));
            }
            // Most sends are ready at once: only one that is not costs a timer.
            let Some(patience) = patience else { return Poll::Pending };
            let alarm = stalled.get_or_insert_with(|| self.peer.front.timer.sleep(patience));
            alarm.as_mut().poll(context).map(|()| Err(Status::from(Error::TimedOut).into()))
        })
        .await
    }

    fn poll_send(&self, payload: &mut Bytes, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        let mut sender = self.sender.borrow_mut();
        reply::poll_send(sender.started()?, payload, &self.peer, context)
    }

    /// Completes when the client gives the call up.
    async fn gone(&self) {
        poll_fn(|context| {
            let mut sender = self.sender.borrow_mut();
            let reset = match &mut sender.stream {
                Some(stream) => stream.poll_reset(context),
                None => sender.respond.poll_reset(context),
            };
            reset.map(drop)
        })
        .await;
    }

    fn finish(self, outcome: Result<(), &Status>) {
        let mut sender = self.sender.into_inner();
        match (outcome, &mut sender.stream) {
            (Err(status), None) => {
                reply::refuse(&mut sender.respond, &status.clone().into(), &self.peer);
            }
            (outcome, _) => {
                if let Ok(stream) = sender.started() {
                    reply::end(stream, outcome);
                }
            }
        }
    }
}

/// Starts the task of a call.
pub fn spawn(
    peer: &Rc<Peer>,
    head: RequestHead,
    body: RecvStream,
    respond: SendResponse<Bytes>,
    charge: Charge,
) {
    let method = head.method;
    let requests =
        Requests { peer: Rc::clone(peer), method, body, reader: MessageReader::default(), charge };
    let responses = Responses::new(peer, method, respond, Charge::new(&peer.account));
    let front = Rc::clone(&peer.front);
    let deadline = head.timeout.map(|timeout| peer.now.get().saturating_add(timeout));
    let (peer, spawner) = (Rc::clone(peer), Rc::clone(&peer.front.spawner));
    spawner(Box::pin(async move {
        let work = services::run(method, requests, &responses, &front);
        let outcome = supervise(&peer, &responses, deadline, work).await;
        conclude(&peer, responses, outcome);
    }));
}

/// Starts a task that sends a large range piece by piece.
pub fn spawn_scan(
    peer: &Rc<Peer>,
    first: Box<RangeResponse>,
    responses: Responses,
    deadline: Option<Duration>,
) {
    let (peer, spawner) = (Rc::clone(peer), Rc::clone(&peer.front.spawner));
    spawner(Box::pin(async move {
        let work = services::send_scan(*first, &responses, &peer.front);
        let outcome = supervise(&peer, &responses, deadline, work).await;
        conclude(&peer, responses, outcome);
    }));
}

/// Runs `work` until it is over or nobody wants it any more.
async fn supervise(
    peer: &Rc<Peer>,
    responses: &Responses,
    deadline: Option<Duration>,
    work: impl Future<Output = Result<(), ReadError>>,
) -> Result<(), ReadError> {
    let _count = StreamCount::new(peer);
    let ending = either(expired(peer, deadline), peer.front.shutdown.listener().begun());
    match either(work, either(responses.gone(), ending)).await {
        Either::First(outcome) => outcome,
        Either::Second(Either::First(())) => Err(ReadError::Gone),
        Either::Second(Either::Second(Either::First(()))) => {
            Err(Status::deadline_exceeded().into())
        }
        Either::Second(Either::Second(Either::Second(()))) => {
            Err(Status::from(Error::Stopped).into())
        }
    }
}

fn expired(peer: &Peer, deadline: Option<Duration>) -> LocalBoxFuture {
    match deadline {
        Some(deadline) => peer.front.timer.sleep(deadline.saturating_sub(peer.now.get())),
        None => Box::pin(std::future::pending()),
    }
}

fn conclude(peer: &Peer, responses: Responses, outcome: Result<(), ReadError>) {
    let (metrics, method) = (&peer.front.metrics, responses.method);
    match outcome {
        Ok(()) => {
            metrics.handled(method, Code::Ok);
            responses.finish(Ok(()));
        }
        Err(ReadError::Gone) => metrics.handled(method, Code::Canceled),
        Err(ReadError::Refused(status)) => {
            metrics.handled(method, status.code);
            responses.finish(Err(&status));
        }
    }
}
