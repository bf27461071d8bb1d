//! A server over a small engine, and a bare HTTP/2 client, all on one thread.

pub mod client;
pub mod engine;

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use braid_core::port::Port;
use braid_core::stages::Stopwatch;
use braid_net::budget::{Budget, CoreBudget};
use braid_net::grpc::slow::SlowCalls;
use braid_net::identity::Identity;
use braid_net::limits::Limits;
use braid_net::metrics::{Kind, Metrics};
use braid_net::shutdown::Shutdown;
use braid_net::timer::{LocalBoxFuture, Timer};
use braid_net::{FrontEnd, serve_connection};
use tokio::io::DuplexStream;
use tokio::task::{LocalSet, spawn_local};

/// Tokio's clock, which tests can pause.
struct TokioTimer(tokio::time::Instant);

impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// How a test's server differs from the usual one.
pub struct Setup {
    pub limits: Limits,
    pub budget_bytes: u64,
    pub engine: engine::Options,
    pub slow_calls: SlowCalls,
}

impl Default for Setup {
    fn default() -> Self {
        let limits = Limits { max_request_bytes: 64 * 1024, ..Limits::default() };
        let engine = engine::Options::default();
        Self { limits, budget_bytes: 64 << 20, engine, slow_calls: SlowCalls::default() }
    }
}

/// A front-end whose engine runs beside it.
pub fn front(setup: Setup) -> Rc<FrontEnd> {
    let port = Port::default();
    spawn_local(engine::run(port.clone(), setup.engine));
    let metrics = Arc::new(Metrics::default());
    Rc::new(FrontEnd {
        port,
        identity: Rc::new(identity()),
        limits: setup.limits,
        budget: CoreBudget::new(Budget::new(setup.budget_bytes)),
        timer: Rc::new(TokioTimer(tokio::time::Instant::now())),
        spawner: Rc::new(|task| drop(spawn_local(task))),
        give_way: Rc::new(Waker::wake_by_ref),
        slow_calls: setup.slow_calls,
        all_metrics: vec![Arc::clone(&metrics)],
        metrics,
        more_metrics: Rc::new(|exposition| {
            exposition.single("test_more", Kind::Gauge, "From outside.", 7);
        }),
        stopwatch: Stopwatch::default(),
        shutdown: Shutdown::default(),
    })
}

fn identity() -> Identity {
    Identity {
        cluster_id: 0xc1,
        member_id: 0x3e,
        name: "default".to_owned(),
        client_urls: vec!["http://127.0.0.1:2379".to_owned()],
        raft_term: 2.into(),
        ..Identity::default()
    }
}

/// A connection to `front` whose pipe holds `pipe_bytes` each way.
pub fn connect(front: &Rc<FrontEnd>, pipe_bytes: usize) -> DuplexStream {
    let (near, far) = tokio::io::duplex(pipe_bytes);
    spawn_local(serve_connection(far, Rc::clone(front)));
    near
}

/// Runs a test on one thread, with time that passes only when nothing else happens.
pub fn run(test: impl Future<Output = ()> + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, test);
}
