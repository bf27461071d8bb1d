//! A connection that never stops sending, and whoever else waits on its core.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use braid_core::port::Port;
use braid_core::stages::Stopwatch;
use braid_net::budget::{Budget, CoreBudget};
use braid_net::grpc::slow::SlowCalls;
use braid_net::identity::Identity;
use braid_net::limits::{Limits, READ_BYTES_PER_TURN};
use braid_net::metrics::Metrics;
use braid_net::shutdown::Shutdown;
use braid_net::timer::{LocalBoxFuture, Timer};
use braid_net::{FrontEnd, serve_connection};
use braid_runtime::clock::{self, Clock};
use braid_runtime::executors::{Options, Turns, spawn, start};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const TIMERS: u64 = 20;
/// Less than a turn of the floods takes.
const SHORT: Duration = Duration::from_micros(100);

/// A client whose bytes are always there: HTTP/2's greeting, or HTTP/1's requests, then more of the
/// same for ever.
struct Flood {
    greeting: &'static [u8],
    refrain: &'static [u8],
    sent: Rc<Cell<u64>>,
}

impl Flood {
    fn byte(&self, at: u64) -> u8 {
        let at = at as usize;
        let beyond = at.checked_sub(self.greeting.len());
        beyond.map_or_else(|| self.greeting[at], |at| self.refrain[at % self.refrain.len()])
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (sent, room) = (self.sent.get(), into.remaining() as u64);
        let bytes: Vec<u8> = (sent..sent + room).map(|at| self.byte(at)).collect();
        into.put_slice(&bytes);
        self.sent.set(sent + room);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct CoreTimer(Clock);

impl Timer for CoreTimer {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture {
        Box::pin(clock::sleep(duration))
    }
}

/// A front-end without an engine, which no frame or path of the floods needs.
fn front() -> Rc<FrontEnd> {
    let turns = Turns::new().expect("a descriptor");
    let metrics = Arc::new(Metrics::default());
    Rc::new(FrontEnd {
        port: Port::default(),
        identity: Rc::new(Identity::default()),
        limits: Limits::default(),
        budget: CoreBudget::new(Budget::new(64 << 20)),
        timer: Rc::new(CoreTimer(Clock::start())),
        spawner: Rc::new(spawn),
        give_way: Rc::new(move |task| turns.give_way(task)),
        slow_calls: SlowCalls::default(),
        all_metrics: vec![Arc::clone(&metrics)],
        metrics,
        more_metrics: Rc::new(|_| {}),
        stopwatch: Stopwatch::default(),
        shutdown: Shutdown::default(),
    })
}

/// Bytes that the flood gets rid of while a short timer fires, on average. Timers fire where
/// sockets are looked at, so others wait that long for theirs.
fn flood_per_timer(greeting: &'static [u8], refrain: &'static [u8]) -> u64 {
    let (report, reports) = std::sync::mpsc::channel();
    let executors = start(&Options::for_cores(1), vec![report], move |_, report| async move {
        let sent = Rc::new(Cell::new(0));
        spawn(serve_connection(Flood { greeting, refrain, sent: sent.clone() }, front()));
        while sent.get() <= greeting.len() as u64 {
            clock::sleep(SHORT).await;
        }
        let before = sent.get();
        for _ in 0..TIMERS {
            clock::sleep(SHORT).await;
        }
        report.send((sent.get() - before) / TIMERS).expect("the test waits");
    });
    executors.expect("an executor").join();
    let bytes = reports.recv().expect("a report");
    assert!(bytes > 0, "the flood was cut off");
    bytes
}

/// By a task that merely wakes itself, timers and sockets are looked at once in 100 ms.
#[test]
fn a_flood_of_frames_gives_way_after_each_turn() {
    let greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let priority = b"\0\0\x05\x02\0\0\0\0\x01\0\0\0\0\x10";
    let bytes = flood_per_timer(greeting, priority);
    assert!(bytes <= 5 * READ_BYTES_PER_TURN as u64, "{bytes} bytes for each timer");
}

#[test]
fn a_flood_of_http1_requests_gives_way_after_each_turn() {
    let bytes = flood_per_timer(b"", b"GET /version HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(bytes <= 5 * 16 * 1024, "{bytes} bytes for each timer");
}
