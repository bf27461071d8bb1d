//! A gRPC client on h2, as lean as the load needs it: nothing is decoded that nobody looks at, but
//! the status of every answer is.

mod messages;
mod method;
mod stream;

use std::rc::Rc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

pub use messages::Messages;
pub use method::{Endpoint, Method};
pub use stream::Call;

use crate::failure::Failure;
use method::Requests;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server may send ahead on one stream and on a connection, in bytes.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// gRPC's prefix of a message: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// One HTTP/2 connection; clones share it.
#[derive(Clone)]
pub struct Channel {
    send: SendRequest<Bytes>,
    requests: Rc<Requests>,
}

impl Channel {
    /// Connects. Must be called within a local set, which then drives the connection.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, Failure> {
        let connecting = TcpStream::connect(&endpoint.address);
        let socket = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(socket) => socket.map_err(|error| endpoint.unreachable(&error))?,
            Err(elapsed) => return Err(endpoint.unreachable(&elapsed)),
        };
        socket.set_nodelay(true).map_err(|error| endpoint.unreachable(&error))?;
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .enable_push(false);
        let (send, connection) = builder.handshake(socket).await?;
        // Whoever waits for an answer hears of the connection's end by its own stream.
        spawn_local(async move { connection.await.ok() });
        Ok(Self { send, requests: Rc::new(Requests::new(endpoint)) })
    }

    /// Asks once; answers with the message when the status is OK.
    pub async fn unary(&self, method: Method, message: Bytes) -> Result<Bytes, Failure> {
        let (response, _) = self.open(method, message, true).await?;
        Messages::new(response.await?)?.only().await
    }

    /// Asks once; answers with the decoded message.
    pub async fn ask<R: Message + Default>(
        &self,
        method: Method,
        message: &impl Message,
    ) -> Result<R, Failure> {
        Ok(R::decode(self.unary(method, framed(message)).await?)?)
    }

    /// Asks once; the answers come one by one.
    pub async fn server_stream(
        &self,
        method: Method,
        message: &impl Message,
    ) -> Result<Messages, Failure> {
        let (response, _) = self.open(method, framed(message), true).await?;
        Messages::new(response.await?)
    }

    async fn open(
        &self,
        method: Method,
        message: Bytes,
        end: bool,
    ) -> Result<(h2::client::ResponseFuture, h2::SendStream<Bytes>), Failure> {
        let mut send = self.send.clone().ready().await?;
        let (response, mut stream) = send.send_request(self.requests.get(method), false)?;
        stream.send_data(message, end)?;
        Ok((response, stream))
    }
}

/// A message with gRPC's prefix.
pub fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + len);
    buffer.put_u8(0);
    buffer.put_u32(len as u32);
    message.encode_raw(&mut buffer);
    buffer.freeze()
}
