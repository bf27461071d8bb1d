//! A gRPC client as lean as the load needs it: nothing is decoded that nobody looks at, but the
//! status of every answer is.

mod endpoint;
mod http2;
mod link;
mod messages;
mod method;
mod stream;
mod tls;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

pub use endpoint::Endpoint;
pub use messages::Messages;
pub use method::Method;
pub use stream::Call;
pub use tls::TlsOptions;

use crate::failure::Failure;
use link::{Link, drive};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// gRPC's prefix of a message: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// One HTTP/2 connection; clones share it.
#[derive(Clone)]
pub struct Channel {
    link: Rc<Link>,
}

impl Channel {
    /// Connects. Must be called within a local set, which then drives the connection.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, Failure> {
        let connecting = Self::connect_in_time(endpoint);
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(channel) => channel,
            Err(elapsed) => Err(endpoint.unreachable(&elapsed)),
        }
    }

    async fn connect_in_time(endpoint: &Endpoint) -> Result<Self, Failure> {
        let lost = |error: io::Error| endpoint.unreachable(&error);
        let socket = TcpStream::connect(&endpoint.address).await.map_err(lost)?;
        socket.set_nodelay(true).map_err(lost)?;
        let link = Rc::new(Link::new(endpoint));
        let driven = Rc::downgrade(&link);
        match &endpoint.tls {
            None => spawn_local(drive(driven, socket)),
            Some(tls) => spawn_local(drive(driven, tls.connect(endpoint, socket).await?)),
        };
        Ok(Self { link })
    }

    /// Asks once; answers with the message when the status is OK.
    pub async fn unary(&self, method: Method, message: Bytes) -> Result<Bytes, Failure> {
        Messages::new(self.link.open(method, message, true)?).only().await
    }

    /// Asks once; answers with the decoded message.
    pub async fn ask<R: Message + Default>(
        &self,
        method: Method,
        message: &impl Message,
    ) -> Result<R, Failure> {
        Ok(R::decode(self.unary(method, framed(message)).await?)?)
    }

    /// Asks a server that does not speak gRPC; how many bytes it answers with.
    pub async fn echo(&self, body: Bytes) -> Result<u64, Failure> {
        Messages::new(self.link.open(Method::Echo, body, true)?).raw().await
    }

    /// Asks once; the answers come one by one.
    pub fn server_stream(
        &self,
        method: Method,
        message: &impl Message,
    ) -> Result<Messages, Failure> {
        Ok(Messages::new(self.link.open(method, framed(message), true)?))
    }

    /// Opens a call that both sides may go on with.
    fn open(&self, method: Method, message: &impl Message) -> Result<Messages, Failure> {
        Ok(Messages::new(self.link.open(method, framed(message), false)?))
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
