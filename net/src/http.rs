//! HTTP/1.1 on the client port: health checks, version, metrics.

mod adapter;
mod health;
mod route;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::front::FrontEnd;
use crate::limits::HTTP1_BUFFER_BYTES;
use crate::timer::either;
use adapter::Adapter;

pub use route::Site;

/// Requests begun or ended on a connection, so that silence can be told.
#[derive(Default)]
struct Activity(Cell<u64>);

impl Activity {
    fn note(&self) {
        self.0.set(self.0.get().wrapping_add(1));
    }
}

/// Serves HTTP/1.1 on a socket from which `sniffed` was read already.
pub async fn serve<T>(socket: T, sniffed: Bytes, front: Rc<FrontEnd>, site: Site)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let activity = Activity::default();
    let service = service_fn(async |request| {
        activity.note();
        let response = route::respond(&request, &front, site).await;
        activity.note();
        Ok::<_, Infallible>(response)
    });
    let connection = http1::Builder::new()
        .max_buf_size(HTTP1_BUFFER_BYTES)
        .serve_connection(Adapter::new(socket, sniffed, front.give_way.clone()), service);
    let mut connection = pin!(connection);
    let mut shutdown = front.shutdown.listener();
    let mut draining = false;
    let conversation = poll_fn(|context| {
        if !draining && shutdown.poll_begun(context).is_ready() {
            draining = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    });
    // Errors of a connection concern nobody else.
    let _ = either(conversation, silence(&activity, &front)).await;
}

/// Completes when nothing happened for the time that is allowed: a client that sends its headers
/// too slowly, does not read, or has left.
async fn silence(activity: &Activity, front: &FrontEnd) {
    loop {
        let before = activity.0.get();
        front.timer.sleep(front.limits.http1_idle_timeout).await;
        if activity.0.get() == before {
            return;
        }
    }
}
