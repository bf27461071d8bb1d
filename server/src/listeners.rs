//! The listening sockets: those for clients, and those of `--listen-metrics-urls`.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use braid_net::{FrontEnd, serve_connection, serve_metrics_connection};
use braid_runtime::executors::spawn;
use braid_runtime::fatal::{Exit, fatal};
use braid_runtime::sockets::{self, Balancer, Connection, Router, Stream, accept};

use crate::config::Config;

/// Connections for metrics and health checks. They are counted apart, so that a member with too
/// many clients can still be looked at.
const METRICS_CONNECTIONS_MAX: usize = 256;

/// How often an address is tried that is in use.
const BIND_TRIES: u32 = 100;
/// How long is waited between two tries.
const BIND_PAUSE: Duration = Duration::from_millis(20);

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}; is another server using it?")]
pub struct ListenError {
    address: SocketAddr,
    error: io::Error,
}

/// The listening sockets.
#[derive(Debug, Default)]
pub struct Listeners {
    client: Vec<TcpListener>,
    metrics: Vec<TcpListener>,
}

impl Listeners {
    /// Binds every address of `config`; nobody is accepted yet.
    ///
    /// # Errors
    /// The first address that cannot be had.
    pub fn bind(config: &Config) -> Result<Self, ListenError> {
        let metrics = bind_all(&config.metrics_addresses)?;
        Ok(Self { client: bind_all(&config.client_addresses)?, metrics })
    }

    /// Accepts from now on. Clients go to the core with the fewest of them; whoever asks for
    /// metrics stays on this one.
    pub fn serve(self, front: &Rc<FrontEnd>, router: &Rc<Router>, balancer: &Balancer) {
        for listener in self.client {
            let router = router.clone();
            let hand_over = move |connection| router.route(connection);
            spawn(accept_or_die(listener, balancer.clone(), hand_over));
        }
        let balancer = Balancer::new(1, METRICS_CONNECTIONS_MAX);
        for listener in self.metrics {
            let front = front.clone();
            let hand_over = move |connection| {
                spawn_with(connection, |stream| serve_metrics_connection(stream, front.clone()));
            };
            spawn(accept_or_die(listener, balancer.clone(), hand_over));
        }
    }
}

fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let bind = |&address| bind(address).map_err(|error| ListenError { address, error });
    addresses.iter().map(bind).collect()
}

/// The kernel takes down the rings of a killed process some time after its end, and with them the
/// sockets that they still refer to. So a server that is started at once after a kill may find
/// its own address taken, for a moment; another server keeps it.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let mut tries = BIND_TRIES;
    loop {
        match sockets::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 1 => tries -= 1,
            other => return other,
        }
        #[expect(clippy::disallowed_methods, reason = "no core runs yet")]
        std::thread::sleep(BIND_PAUSE);
    }
}

async fn accept_or_die(
    listener: TcpListener,
    balancer: Balancer,
    hand_over: impl FnMut(Connection),
) {
    if let Err(error) = accept(listener, balancer, hand_over).await {
        fatal(Exit::System, format_args!("cannot accept connections: {error}"));
    }
}

/// Serves a client on this core.
pub fn open(connection: Connection, front: Rc<FrontEnd>) {
    spawn_with(connection, |stream| serve_connection(stream, front));
}

fn spawn_with<F>(connection: Connection, serve: impl FnOnce(Stream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    match connection.into_stream() {
        Ok(stream) => spawn(serve(stream)),
        Err(error) => tracing::warn!("a connection was lost while it was handed over: {error}"),
    }
}
