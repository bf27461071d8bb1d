//! The driver of one HTTP/2 connection.
//!
//! One task reads, starts calls, drives all unary calls and writes: a turn takes everything that
//! arrived, answers everything that is ready, and ends with one write.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use braid_core::stages::Stage;
use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::budget::Charge;
use crate::front::FrontEnd;
use crate::grpc::keepalive::Keepalive;
use crate::grpc::method::Method;
use crate::grpc::peer::Peer;
use crate::grpc::request_head::{self, RequestHead};
use crate::grpc::slots::Slots;
use crate::grpc::status::Status;
use crate::grpc::unary::UnaryCall;
use crate::grpc::{reply, stream};
use crate::limits::{self, REQUEST_OVERHEAD_BYTES, STREAM_OVERHEAD_BYTES};
use crate::ping::PingPolicy;
use crate::services::{self, Handling};
use crate::shutdown::Listener;
use crate::timer::{Alarm, within};
use crate::wire::Wire;

/// Shortest time between two looks at all deadlines.
const ALARM_STEP: Duration = Duration::from_millis(10);

/// Serves gRPC on a socket from which `sniffed` was read already.
pub async fn serve<T>(socket: T, sniffed: Bytes, front: Rc<FrontEnd>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let wire = Wire::new(socket, sniffed, front.stopwatch.clone(), front.give_way.clone());
    let handshake = in_turns(&wire, builder(&front).handshake(wire.clone()));
    let connection = within(&*front.timer, front.limits.handshake_timeout, handshake).await;
    if let Some(Ok(connection)) = connection {
        let mut driver = Driver::new(connection, wire, front);
        poll_fn(|context| driver.poll(context)).await;
    }
}

fn builder(front: &FrontEnd) -> server::Builder {
    let mut builder = server::Builder::new();
    builder
        .initial_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(front.limits.max_concurrent_streams)
        .max_header_list_size(limits::HEADER_LIST_BYTES)
        .data_frame_budget(limits::SMALL_FRAMES_BYTES)
        .max_pending_accept_reset_streams(limits::RESETS_BEFORE_ACCEPT)
        .max_send_buffer_size(limits::ANSWER_BYTES_PER_TURN);
    builder
}

/// Polls `future`, giving the socket its turn before and after.
async fn in_turns<T, F>(wire: &Wire<T>, future: F) -> F::Output
where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Future,
{
    let mut future = pin!(future);
    poll_fn(|context| {
        wire.begin_turn();
        let outcome = future.as_mut().poll(context);
        // An error of the socket comes back with the next read.
        let _ = wire.poll_drain(context);
        outcome
    })
    .await
}

struct Driver<T> {
    connection: server::Connection<Wire<T>, Bytes>,
    wire: Wire<T>,
    peer: Rc<Peer>,
    calls: Slots<UnaryCall>,
    /// One timer for the deadlines of all calls.
    alarm: Option<Alarm>,
    keepalive: Option<Keepalive>,
    ping_policy: PingPolicy,
    shutdown: Listener,
    draining: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    fn new(
        mut connection: server::Connection<Wire<T>, Bytes>,
        wire: Wire<T>,
        front: Rc<FrontEnd>,
    ) -> Self {
        let ping_pong = connection.ping_pong();
        Self {
            keepalive: ping_pong
                .and_then(|ping_pong| Keepalive::new(&front.timer, &front.limits, ping_pong)),
            ping_policy: PingPolicy::new(front.limits.keepalive_min_time),
            shutdown: front.shutdown.listener(),
            peer: Peer::new(front),
            connection,
            wire,
            calls: Slots::default(),
            alarm: None,
            draining: false,
        }
    }

    /// One turn. Ready when the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let peer = Rc::clone(&self.peer);
        peer.front.stopwatch.begin(Stage::Http2);
        let outcome = self.poll_turn(context);
        peer.front.stopwatch.end();
        outcome
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.begin_turn(context);
        loop {
            if self.poll_connection(context).is_ready() {
                return Poll::Ready(());
            }
            if !self.poll_calls(context) {
                break;
            }
        }
        self.poll_alarm(context);
        if self.poll_keepalive(context).is_ready() || self.end_turn(context).is_err() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn begin_turn(&mut self, context: &mut Context<'_>) {
        self.peer.now.set(self.peer.front.timer.now());
        self.wire.begin_turn();
        if !self.draining && self.shutdown.poll_begun(context).is_ready() {
            self.draining = true;
            self.connection.graceful_shutdown();
        }
    }

    fn end_turn(&mut self, context: &mut Context<'_>) -> std::io::Result<()> {
        if let Poll::Ready(Err(error)) = self.wire.poll_drain(context) {
            return Err(error);
        }
        if !self.wire.is_congested() {
            self.peer.gate.open();
            if self.calls.has_woken() {
                (self.peer.front.give_way)(context.waker());
            }
        }
        Ok(())
    }

    /// Takes what arrived. Ready when the connection is over.
    fn poll_connection(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let accepted = self.connection.poll_accept(context);
            let sent_away = self.police_pings();
            match accepted {
                Poll::Pending if sent_away => {}
                Poll::Ready(Some(Ok((request, respond)))) => self.accept(request, respond),
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether the client was sent away for its PINGs.
    fn police_pings(&mut self) -> bool {
        let has_streams = self.calls.len() + self.peer.streams.get() > 0;
        for _ in 0..self.wire.take_pings() {
            let sent = self.peer.answered.take();
            if self.ping_policy.on_ping(self.peer.now.get(), has_streams, sent) {
                self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                return true;
            }
        }
        false
    }

    fn accept(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let (parts, body) = request.into_parts();
        match request_head::check(&parts) {
            Ok(head) => self.start(head, body, respond),
            Err(refusal) => reply::refuse(&mut respond, &refusal, &self.peer),
        }
    }

    fn start(&mut self, head: RequestHead, body: RecvStream, mut respond: SendResponse<Bytes>) {
        self.peer.front.metrics.started(head.method);
        let handling = services::handling(head.method);
        match self.admit(head.method, handling) {
            Ok(charge) if handling == Handling::Task => {
                stream::spawn(&self.peer, head, body, respond, charge);
            }
            Ok(charge) => {
                self.calls.insert(UnaryCall::new(&self.peer, head, body, respond, charge));
            }
            Err(status) => {
                self.peer.front.metrics.handled(head.method, status.code);
                reply::refuse(&mut respond, &status.into(), &self.peer);
            }
        }
    }

    /// Pays for a call's existence.
    fn admit(&self, method: Method, handling: Handling) -> Result<Charge, Status> {
        let bytes = match handling {
            Handling::Direct => REQUEST_OVERHEAD_BYTES,
            Handling::Task => STREAM_OVERHEAD_BYTES,
            Handling::NotBuilt => return Err(Status::not_built(method)),
        };
        let mut charge = Charge::new(&self.peer.account);
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Drives the woken calls. Whether there was any.
    fn poll_calls(&mut self, context: &mut Context<'_>) -> bool {
        let (peer, mut earliest) = (&self.peer, Duration::MAX);
        let drive = |call: &mut UnaryCall, context: &mut Context<'_>| {
            let outcome = call.poll(context);
            if outcome.is_pending() {
                earliest = earliest.min(call.deadline());
            }
            outcome
        };
        let polled = self.calls.poll_woken(context, drive, || peer.gate.is_open());
        self.set_alarm(earliest);
        polled
    }

    /// Makes sure that the calls are looked at when `deadline` has come. Deadlines mostly come
    /// in ascending order, so that the timer is set about once per timeout, not per call.
    fn set_alarm(&mut self, deadline: Duration) {
        let known = self.alarm.as_ref().map_or(Duration::MAX, Alarm::at);
        if deadline < known {
            let now = self.peer.now.get();
            let timer = &*self.peer.front.timer;
            self.alarm = Some(Alarm::new(timer, now, deadline.saturating_sub(now)));
        }
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) {
        let now = self.peer.now.get();
        while self.alarm.as_mut().is_some_and(|alarm| alarm.poll(now, context)) {
            self.alarm = None;
            self.calls.wake_all();
            let next = self.calls.iter().map(UnaryCall::deadline).min();
            self.set_alarm(next.unwrap_or(Duration::MAX).max(now + ALARM_STEP));
        }
    }

    fn poll_keepalive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (received_bytes, _) = self.wire.traffic();
        match &mut self.keepalive {
            Some(keepalive) => keepalive.poll_dead(self.peer.now.get(), received_bytes, context),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.peer.gate.close();
    }
}
