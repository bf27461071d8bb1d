//! etcdserverpb.Watch: one task pumps a stream's requests in and its responses out.

use std::future::poll_fn;
use std::task::{Context, Poll};

use braid_core::api::{WatchCreate, WatchRequest, WatchResponse};
use braid_core::error::Error;
use braid_core::port::WatchStream;
use bytes::{Bytes, BytesMut};

use crate::encode::kv::Header;
use crate::encode::put_framed;
use crate::encode::watch::Watch;
use crate::front::FrontEnd;
use crate::grpc::message::ReadError;
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::etcdserverpb as pb;
use crate::services::decode;

/// Responses are gathered up to here: what fits a DATA frame of the usual size.
const PIECE_BYTES: usize = 16 << 10;

/// What a stream has to do next.
enum Work {
    Request(Bytes),
    /// The client sends nothing more; its watchers go on.
    HalfClosed,
    Response(WatchResponse),
}

/// Serves a watch stream until the client leaves or the engine ends it.
///
/// # Errors
/// How the stream ends.
pub async fn run(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let stream = front.port.watch();
    let mut open = true;
    loop {
        match poll_fn(|context| poll_work(&mut *requests, open, &stream, context)).await? {
            Work::HalfClosed => open = false,
            Work::Request(message) => {
                if let Some(request) = request(decode(message)?) {
                    stream.send(request);
                }
            }
            Work::Response(response) => {
                let payload = with_all_ready(response, &stream, responses, front);
                responses.send_counted(payload).await?;
            }
        }
    }
}

/// A response and those that are ready behind it, in one piece: one event may have a response for
/// each of a stream's hundred watchers, and HTTP/2's work is for each piece.
fn with_all_ready(
    first: WatchResponse,
    stream: &WatchStream,
    responses: &Responses,
    front: &FrontEnd,
) -> Bytes {
    let (mut payload, mut next) = (BytesMut::new(), Some(first));
    while let Some(response) = next {
        let header = Header::new(&front.identity, response.revision);
        let len = put_framed(&Watch { header, response: &response }, &mut payload);
        responses.count_message(len);
        next = if payload.len() < PIECE_BYTES { stream.try_next() } else { None };
    }
    payload.freeze()
}

fn poll_work(
    requests: &mut Requests,
    open: bool,
    stream: &WatchStream,
    context: &mut Context<'_>,
) -> Poll<Result<Work, ReadError>> {
    if open && let Poll::Ready(outcome) = requests.poll_next(context) {
        return Poll::Ready(outcome.map(|message| message.map_or(Work::HalfClosed, Work::Request)));
    }
    let ended = |error: Error| Status::from(error).into();
    stream.poll_next(context).map(|outcome| outcome.map(Work::Response).map_err(ended))
}

/// A WatchRequest; none when the client set no kind that this server knows, which etcd ignores.
fn request(request: pb::WatchRequest) -> Option<WatchRequest> {
    use pb::watch_request::RequestUnion as Union;
    Some(match request.request_union? {
        Union::CreateRequest(request) => WatchRequest::Create(create(request)),
        Union::CancelRequest(request) => WatchRequest::Cancel { watch_id: request.watch_id },
        Union::ProgressRequest(_) => WatchRequest::Progress,
    })
}

fn create(request: pb::WatchCreateRequest) -> WatchCreate {
    use pb::watch_create_request::FilterType;
    let filters = |kind: FilterType| request.filters.contains(&(kind as i32));
    WatchCreate {
        no_put: filters(FilterType::Noput),
        no_delete: filters(FilterType::Nodelete),
        key: request.key,
        range_end: request.range_end,
        start_revision: request.start_revision,
        progress_notify: request.progress_notify,
        prev_kv: request.prev_kv,
        watch_id: request.watch_id,
        fragment: request.fragment,
    }
}
