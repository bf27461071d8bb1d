//! A gRPC client as bare as the tests need it, on top of h2.

use std::rc::Rc;

use braid_net::FrontEnd;
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use prost::Message;
use tokio::task::spawn_local;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub http: u16,
    pub code: u32,
    pub message: String,
}

/// A connected client.
#[derive(Clone)]
pub struct Client {
    send: SendRequest<Bytes>,
}

/// A message with gRPC's prefix.
pub fn framed(message: &impl Message) -> Bytes {
    prefixed(&message.encode_to_vec())
}

pub fn prefixed(bytes: &[u8]) -> Bytes {
    let mut buffer = BytesMut::new();
    buffer.put_u8(0);
    buffer.put_u32(bytes.len() as u32);
    buffer.put_slice(bytes);
    buffer.freeze()
}

pub fn request(path: &str) -> http::request::Builder {
    Request::builder()
        .method("POST")
        .uri(format!("http://test{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

impl Client {
    pub async fn connect(front: &Rc<FrontEnd>) -> Self {
        Self::with(front, h2::client::Builder::new()).await
    }

    pub async fn with(front: &Rc<FrontEnd>, builder: h2::client::Builder) -> Self {
        let socket = super::connect(front, 1 << 16);
        let (send, connection) = builder.handshake(socket).await.expect("a handshake");
        spawn_local(async move {
            let _ = connection.await;
        });
        Self { send }
    }

    /// Opens a call.
    pub async fn open(&self, request: Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        let mut send = self.send.clone().ready().await.expect("an open connection");
        send.send_request(request, false).expect("a request")
    }

    /// A unary call with raw request bytes.
    pub async fn raw(&self, request: Request<()>, body: Bytes) -> Result<Bytes, Ended> {
        let (response, mut stream) = self.open(request).await;
        // The server may end the call before it has read everything.
        let _ = stream.send_data(body, true);
        unary(response.await.expect("a response")).await
    }

    /// A unary call.
    pub async fn call<M: Message, R: Message + Default>(
        &self,
        path: &str,
        message: &M,
    ) -> Result<R, Ended> {
        let request = request(path).body(()).expect("a request");
        let body = self.raw(request, framed(message)).await?;
        Ok(R::decode(body.slice(5..)).expect("a message of the type"))
    }

    /// A call with a stream of responses (and of requests, when `end` is not set).
    pub async fn stream<M: Message>(
        &self,
        path: &str,
        message: &M,
        end: bool,
    ) -> (SendStream<Bytes>, ResponseFuture) {
        let (response, mut stream) = self.open(request(path).body(()).expect("a request")).await;
        stream.send_data(framed(message), end).expect("an open stream");
        (stream, response)
    }
}

async fn unary(response: Response<RecvStream>) -> Result<Bytes, Ended> {
    let mut responses = Responses::new(response);
    let mut all = BytesMut::new();
    while let Some(chunk) = responses.chunk().await {
        all.extend_from_slice(&chunk);
    }
    match responses.ended().await {
        ended if ended.code == 0 => Ok(all.freeze()),
        ended => Err(ended),
    }
}

/// The responses of a call.
pub struct Responses {
    http: u16,
    headers: HeaderMap,
    body: RecvStream,
    buffer: BytesMut,
}

impl Responses {
    pub fn new(response: Response<RecvStream>) -> Self {
        let (parts, body) = response.into_parts();
        let http = parts.status.as_u16();
        Self { http, headers: parts.headers, body, buffer: BytesMut::new() }
    }

    async fn chunk(&mut self) -> Option<Bytes> {
        let chunk = self.body.data().await?.ok()?;
        let _ = self.body.flow_control().release_capacity(chunk.len());
        Some(chunk)
    }

    /// The next message, none at the end.
    pub async fn next<R: Message + Default>(&mut self) -> Option<R> {
        loop {
            if let Some(&[_, a, b, c, d]) = self.buffer.first_chunk::<5>() {
                let len = u32::from_be_bytes([a, b, c, d]) as usize;
                if self.buffer.len() >= 5 + len {
                    let message = self.buffer.split_to(5 + len).freeze().slice(5..);
                    return Some(R::decode(message).expect("a message of the type"));
                }
            }
            let chunk = self.chunk().await?;
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// How the call ended.
    pub async fn ended(&mut self) -> Ended {
        let trailers = self.body.trailers().await.ok().flatten();
        let headers = trailers.as_ref().unwrap_or(&self.headers);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let code = text("grpc-status").parse().unwrap_or(u32::MAX);
        Ended { http: self.http, code, message: text("grpc-message").to_owned() }
    }
}
