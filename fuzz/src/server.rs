//! A front-end and a whole engine behind it, for one connection, in one thread and virtual time.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use braid_core::ids::CoreId;
use braid_core::port::{Incoming, Port};
use braid_core::stages::Stopwatch;
use braid_core::watch::WatchConfig;
use braid_net::budget::{Budget, CoreBudget};
use braid_net::grpc::slow::SlowCalls;
use braid_net::identity::Identity;
use braid_net::limits::Limits;
use braid_net::metrics::Metrics;
use braid_net::shutdown::Shutdown;
use braid_net::timer::{LocalBoxFuture, Timer};
use braid_net::{FrontEnd, serve_connection};
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{LocalSet, spawn_local};

const CORE: CoreId = CoreId(0);
/// What the engine may do for one request; leases and watches go on for ever.
const STEPS_MAX: usize = 2000;
/// Long enough for every deadline of the front-end. The clock jumps whenever nothing else happens.
const PATIENCE: Duration = Duration::from_secs(600);
const PIPE_BYTES: usize = 64 << 10;

/// Sends `bytes` to a new server as one client, reads what comes back, and hangs up.
pub fn converse(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads");
    LocalSet::new().block_on(&runtime, async {
        let port = Port::default();
        spawn_local(engine(port.clone()));
        let (mut near, far) = tokio::io::duplex(PIPE_BYTES);
        let connection = spawn_local(serve_connection(far, front(port)));
        // The server may hang up at any time.
        let _ = near.write_all(bytes).await;
        let mut answer = Vec::new();
        let reading = tokio::time::timeout(PATIENCE, near.read_to_end(&mut answer)).await;
        drop(near);
        let ended = tokio::time::timeout(PATIENCE, connection).await;
        assert!(ended.is_ok(), "a connection without a client goes on (it was read: {reading:?})");
        ended.expect("checked").expect("a connection panicked");
    });
}

/// Runs a member behind `port`, for ever.
async fn engine(port: Port) {
    let mut random = Random::new(1);
    let mut options = Options { cores: 1, shards: 2, ..Options::draw(&mut random) };
    // The drawn ones may tell progress every millisecond.
    options.core.watch = WatchConfig::default();
    let mut member = Member::start(&options, Disk::default(), random).expect("an empty disk");
    loop {
        let incoming = poll_fn(|context| {
            let mut batch = Vec::new();
            port.drain(&mut batch, context.waker());
            if batch.is_empty() { Poll::Pending } else { Poll::Ready(batch) }
        });
        for item in incoming.await {
            answer(&mut member, &port, item);
        }
    }
}

fn answer(member: &mut Member, port: &Port, item: Incoming) {
    member.submit(CORE, item);
    let until = member.now() + Duration::from_secs(1);
    for _ in 0..STEPS_MAX {
        if !member.advance_before(until) {
            break;
        }
    }
    while let Some(told) = member.poll_told() {
        match told {
            Told::Answer(_, call, answer) => port.complete(call, answer),
            Told::Watch(_, stream, response) => port.deliver(stream, response),
            Told::EndStream(_, stream, error) => port.end_stream(stream, error),
        }
    }
}

fn front(port: Port) -> Rc<FrontEnd> {
    let metrics = Arc::new(Metrics::default());
    Rc::new(FrontEnd {
        port,
        identity: Rc::new(Identity::default()),
        limits: Limits::default(),
        budget: CoreBudget::new(Budget::new(64 << 20)),
        stopwatch: Stopwatch::default(),
        timer: Rc::new(PausedTimer(tokio::time::Instant::now())),
        spawner: Rc::new(|task| drop(spawn_local(task))),
        give_way: Rc::new(Waker::wake_by_ref),
        slow_calls: SlowCalls::default(),
        all_metrics: vec![Arc::clone(&metrics)],
        metrics,
        more_metrics: Rc::new(|_| {}),
        shutdown: Shutdown::default(),
    })
}

struct PausedTimer(tokio::time::Instant);

impl Timer for PausedTimer {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}
