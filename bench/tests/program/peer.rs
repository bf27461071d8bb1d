//! A server that answers as a test wants it to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// How a server answers.
#[derive(Clone, Copy)]
pub struct Manner {
    pub status: &'static str,
    pub message: &'static str,
    /// Number of the request on which the server stands still for a while.
    pub stalls_at: Option<u64>,
}

pub const FINE: Manner = Manner { status: "0", message: "", stalls_at: None };
pub const STALL: Duration = Duration::from_millis(300);

/// Starts a server that runs as long as the test.
pub fn serve(manner: Manner) -> SocketAddr {
    listen(move |socket| converse(socket, manner))
}

/// The same behind TLS; a client that does not shake hands is left alone.
pub fn serve_tls(tls: ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    listen(move |socket| {
        let shaking = acceptor.accept(socket);
        async move {
            if let Ok(socket) = shaking.await {
                converse(socket, FINE).await;
            }
        }
    })
}

fn listen<F>(mut welcome: impl FnMut(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let (tell, told) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(welcome(socket));
            }
        });
    });
    told.recv().unwrap()
}

async fn converse(socket: impl AsyncRead + AsyncWrite + Unpin, manner: Manner) {
    let mut connection = h2::server::handshake(socket).await.unwrap();
    let mut requests = 0;
    while let Some(Ok((request, respond))) = connection.accept().await {
        requests += 1;
        if manner.stalls_at == Some(requests) {
            // Nothing moves meanwhile: the server has one thread.
            thread::sleep(STALL);
        }
        tokio::spawn(answer(request, respond, manner));
    }
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, manner: Manner) {
    assert_eq!(request.headers()["te"], "trailers");
    let mut body = request.into_body();
    while let Some(Ok(data)) = body.data().await {
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", manner.status.parse().unwrap());
    trailers.insert("grpc-message", manner.message.parse().unwrap());
    if manner.status == "0" {
        stream.send_data(Bytes::from_static(&[0; 5]), false).ok();
    }
    stream.send_trailers(trailers).ok();
}
