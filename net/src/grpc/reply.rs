//! Sending: headers, message bytes under flow control, trailers.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::SendStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::grpc::peer::Peer;
use crate::grpc::request_head::Refusal;
use crate::grpc::status::{GRPC_STATUS, Status};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ZERO: HeaderValue = HeaderValue::from_static("0");

/// HTTP/2 bytes of headers and trailers, roughly: what an answer costs beside its message.
const FRAMING_BYTES: usize = 64;

/// The client is gone; nobody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl From<h2::Error> for Gone {
    fn from(_: h2::Error) -> Self {
        Self
    }
}

fn head(status: StatusCode) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// Sends the headers of a response with messages.
pub fn start(respond: &mut SendResponse<Bytes>) -> Result<SendStream<Bytes>, Gone> {
    Ok(respond.send_response(head(StatusCode::OK), false)?)
}

/// Ends a call that sent nothing yet.
pub fn refuse(respond: &mut SendResponse<Bytes>, refusal: &Refusal, peer: &Peer) {
    let mut response = head(refusal.http);
    refusal.status.write(response.headers_mut());
    // Fails only when the client is gone.
    let _ = respond.send_response(response, true);
    peer.note_sent(FRAMING_BYTES + refusal.status.message.len());
}

/// Ends a call.
pub fn end(stream: &mut SendStream<Bytes>, outcome: Result<(), &Status>) {
    let mut trailers = HeaderMap::with_capacity(2);
    match outcome {
        Ok(()) => drop(trailers.insert(GRPC_STATUS, ZERO)),
        Err(status) => status.write(&mut trailers),
    }
    // Fails only when the client is gone.
    let _ = stream.send_trailers(trailers);
}

/// Sends `payload` as far as the client's window and the gate allow; ready when all is sent.
/// The caller's task is woken when more can go.
pub fn poll_send(
    stream: &mut SendStream<Bytes>,
    payload: &mut Bytes,
    peer: &Peer,
    context: &mut Context<'_>,
) -> Poll<Result<(), Gone>> {
    while !payload.is_empty() {
        ready!(peer.gate.poll_open(context));
        stream.reserve_capacity(payload.len());
        let room = match stream.capacity() {
            0 => match ready!(stream.poll_capacity(context)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(Err(Gone)),
            },
            room => room,
        };
        let piece = payload.split_to(room.min(payload.len()));
        peer.note_sent(FRAMING_BYTES + piece.len());
        stream.send_data(piece, false)?;
    }
    Poll::Ready(Ok(()))
}
