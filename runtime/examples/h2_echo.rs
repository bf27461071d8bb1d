//! An HTTP/2 server that does nothing: the ceiling of the gRPC front-end on this machine.
//!
//! `taskset -c 0 h2_echo 7777 & taskset -c 1 h2load -n 300000 -c 10 -m 100 http://127.0.0.1:7777/`
//! The rate says what one core can do; `-d <file>` echoes a body as a put would carry one.

use std::net::{Ipv4Addr, SocketAddr};

use braid_runtime::executors::{Options, start};
use braid_runtime::sockets::{Balancer, Connection, Stream, accept, bind};
use bytes::{Bytes, BytesMut};
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{Request, Response};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let port = std::env::args().nth(1).map_or(7777, |text| text.parse().expect("a port"));
    let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).expect("a free port");
    let main = |_, listener| async {
        let hand_over = |connection| {
            glommio::spawn_local(serve(connection)).detach();
        };
        accept(listener, Balancer::new(1, 10_000), hand_over).await.expect("accepting");
    };
    start(&Options::for_cores(1), vec![listener], main).expect("an executor").join();
}

async fn serve(connection: Connection) {
    if let Ok(stream) = connection.into_stream()
        && let Err(error) = converse(stream).await
    {
        eprintln!("{error}");
    }
}

async fn converse(stream: Stream) -> Result<(), h2::Error> {
    let mut builder = Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(16 << 20);
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        if request.body().is_end_stream() {
            answer(respond, Bytes::from_static(b"hello"))?;
        } else {
            glommio::spawn_local(echo(request, respond)).detach();
        }
    }
    Ok(())
}

async fn echo(request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let result = async { answer(respond, collect(request.into_body()).await?) };
    if let Err(error) = result.await {
        eprintln!("{error}");
    }
}

async fn collect(mut body: RecvStream) -> Result<Bytes, h2::Error> {
    let mut bytes = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

fn answer(mut respond: SendResponse<Bytes>, body: Bytes) -> Result<(), h2::Error> {
    let mut stream: SendStream<Bytes> = respond.send_response(Response::new(()), false)?;
    stream.send_data(body, true)
}
