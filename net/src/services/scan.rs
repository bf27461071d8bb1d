//! Ranges that come in chunks: the rest of a large Range, and RangeStream.

use braid_core::api::{Delivery, RangeResponse, Request, Response, ScanId};
use braid_core::error::Code;
use braid_core::port::Port;
use bytes::BytesMut;

use crate::encode::field::{message_len, nested_len, put_message, put_nested_head};
use crate::encode::kv::{Header, Range, list_len, put_list, put_range_tail, range_tail_len};
use crate::encode::{Encode, framed};
use crate::front::FrontEnd;
use crate::grpc::message::{PREFIX_BYTES, ReadError, put_prefix};
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::etcdserverpb as pb;
use crate::services::{decode, kv};

/// A scan that the engine keeps open; closed when this is dropped before the end.
struct OpenScan<'a> {
    port: &'a Port,
    rest: Option<ScanId>,
}

impl OpenScan<'_> {
    /// The next chunk, or none after the last.
    async fn next(&mut self) -> Result<Option<RangeResponse>, Status> {
        let Some(scan) = self.rest else { return Ok(None) };
        let chunk = match self.port.call(Request::RangeNext(scan)).await {
            Ok(Response::Range(chunk)) => chunk,
            Ok(_) => return Err(Status::mismatched_answer()),
            Err(error) => return Err(error.into()),
        };
        self.rest = chunk.rest;
        Ok(Some(chunk))
    }
}

impl Drop for OpenScan<'_> {
    fn drop(&mut self) {
        if let Some(scan) = self.rest {
            // Nobody waits for the answer; the request alone matters.
            drop(self.port.call(Request::RangeClose(scan)));
        }
    }
}

/// Sends a Range's answer of known size, chunk by chunk, as one message.
///
/// # Errors
/// When a later chunk fails: the client then sees a message that ends too early.
pub async fn send_scan(
    first: RangeResponse,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let mut scan = OpenScan { port: &front.port, rest: first.rest };
    let mut left = first.kvs_encoded_len;
    let header = Header::new(&front.identity, first.revision);
    let head = scan_head(&header, &first).freeze();
    responses.count_messages(1, head.len() + left as usize);
    responses.send_piece(head).await?;
    let mut chunk = Some(first.kvs.clone());
    while let Some(kvs) = chunk {
        let len = list_len(2, &kvs);
        left = left.checked_sub(len as u64).ok_or_else(wrong_size)?;
        let mut buffer = BytesMut::with_capacity(len);
        put_list(2, &kvs, &mut buffer);
        responses.send_piece(buffer.freeze()).await?;
        chunk = scan.next().await?.map(|chunk| chunk.kvs);
    }
    if left != 0 {
        return Err(wrong_size().into());
    }
    let mut tail = BytesMut::with_capacity(range_tail_len(&first));
    put_range_tail(&first, &mut tail);
    responses.send_piece(tail.freeze()).await
}

/// Everything before the pairs.
fn scan_head(header: &Header, first: &RangeResponse) -> BytesMut {
    let head_len = message_len(1, header);
    let total = head_len + first.kvs_encoded_len as usize + range_tail_len(first);
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + head_len);
    put_prefix(&mut buffer, total);
    put_message(1, header, &mut buffer);
    buffer
}

fn wrong_size() -> Status {
    Status::new(Code::Internal, "braid: the chunks of a range do not have the size foretold")
}

/// A RangeStreamResponse.
struct StreamChunk<'a>(Range<'a>);

impl Encode for StreamChunk<'_> {
    fn encoded_len(&self) -> usize {
        nested_len(1, self.0.encoded_len())
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_nested_head(1, self.0.encoded_len(), buffer);
        self.0.encode(buffer);
    }
}

/// RangeStream: a message for each chunk, the header with the last one.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn range_stream(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::RangeRequest = decode(requests.only().await?)?;
    let question = Request::Range(kv::range(request, Delivery::Chunks));
    let answer = front.port.call(question).await.map_err(Status::from)?;
    let Response::Range(mut chunk) = answer else {
        return Err(Status::mismatched_answer().into());
    };
    let mut scan = OpenScan { port: &front.port, rest: chunk.rest };
    loop {
        let last = scan.rest.is_none();
        let header = last.then(|| Header::new(&front.identity, chunk.revision));
        if !last {
            (chunk.more, chunk.count) = (false, 0);
        }
        let message = framed(&StreamChunk(Range { header, response: &chunk }));
        responses.count_messages(1, message.len());
        responses.send_piece(message).await?;
        match scan.next().await? {
            Some(next) => chunk = next,
            None => return Ok(()),
        }
    }
}
