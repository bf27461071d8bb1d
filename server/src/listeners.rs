//! The listening sockets: those for clients, and those of `--listen-metrics-urls`.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use braid_net::{FrontEnd, serve_connection, serve_metrics_connection};
use braid_runtime::executors::spawn;
use braid_runtime::fatal::{Exit, fatal};
use braid_runtime::sockets::{self, Balancer, Connection, Router, Stream, accept};

use crate::config::Config;

/// Connections for metrics and health checks. They are counted apart, so that a member with too
/// many clients can still be looked at.
const METRICS_CONNECTIONS_MAX: usize = 256;

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
    let bind = |&address| sockets::bind(address).map_err(|error| ListenError { address, error });
    addresses.iter().map(bind).collect()
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
