//! What all connections of a core share, and the way in for a new one.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::ready;

use braid_core::port::Port;
use braid_core::stages::Stopwatch;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::budget::CoreBudget;
use crate::grpc::slow::SlowCalls;
use crate::http::Site;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::metrics::{Exposition, Metrics};
use crate::shutdown::Shutdown;
use crate::timer::{GiveWay, Spawner, Timer, within};
use crate::{grpc, http};

/// The front-end of one core.
pub struct FrontEnd {
    /// The way to the engine.
    pub port: Port,
    /// Who answers.
    pub identity: Rc<Identity>,
    /// Bounds.
    pub limits: Limits,
    /// This core's share of the bytes in flight.
    pub budget: Rc<CoreBudget>,
    /// The clock.
    pub timer: Rc<dyn Timer>,
    /// Where long-lived streams run.
    pub spawner: Spawner,
    /// How busy connections let others have their turn.
    pub give_way: GiveWay,
    /// Who is told of calls that take long.
    pub slow_calls: SlowCalls,
    /// What this core counts.
    pub metrics: Arc<Metrics>,
    /// What every core counts, this one included.
    pub all_metrics: Vec<Arc<Metrics>>,
    /// Adds what the server measures elsewhere (disk, raft, process) to a scrape.
    pub more_metrics: Rc<dyn Fn(&mut Exposition)>,
    /// Measures what the turns of connections are busy with.
    pub stopwatch: Stopwatch,
    /// Tells connections to finish.
    pub shutdown: Shutdown,
}

/// What every HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves one client until it leaves, misbehaves, or the front-end shuts down.
///
/// Errors of a connection concern nobody else, so there is nothing to return.
pub async fn serve_connection<T>(mut socket: T, front: Rc<FrontEnd>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let timer = Rc::clone(&front.timer);
    let sniffed = within(&*timer, front.limits.handshake_timeout, sniff(&mut socket)).await;
    let Some(Ok(sniffed)) = sniffed else { return };
    if sniffed == PREFACE[..] {
        grpc::connection::serve(socket, sniffed, front).await;
    } else {
        http::serve(socket, sniffed, front, Site::Client).await;
    }
}

/// Serves a client that came by the listener for metrics and health checks: HTTP/1.1 only, and
/// nothing that touches data.
pub async fn serve_metrics_connection<T>(socket: T, front: Rc<FrontEnd>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    http::serve(socket, Bytes::new(), front, Site::Metrics).await;
}

/// Reads until it is clear whether the client speaks HTTP/2.
async fn sniff<T: AsyncRead + Unpin>(socket: &mut T) -> io::Result<Bytes> {
    let mut bytes = [0; PREFACE.len()];
    let mut have = 0;
    while have < bytes.len() && bytes[..have] == PREFACE[..have] {
        let read = poll_fn(|context| {
            let mut into = ReadBuf::new(&mut bytes[have..]);
            ready!(Pin::new(&mut *socket).poll_read(context, &mut into))?;
            io::Result::Ok(into.filled().len()).into()
        });
        match read.await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => have += read,
        }
    }
    Ok(Bytes::copy_from_slice(&bytes[..have]))
}
