//! etcdserverpb.Watch: one task pumps a stream's requests in and its responses out.

use std::future::poll_fn;
use std::task::{Context, Poll};

use braid_core::api::{WatchCreate, WatchRequest, WatchResponse};
use braid_core::error::Error;
use braid_core::port::WatchStream;
use bytes::Bytes;

use crate::encode::framed;
use crate::encode::kv::Header;
use crate::encode::watch::Watch;
use crate::front::FrontEnd;
use crate::grpc::message::ReadError;
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::etcdserverpb as pb;
use crate::services::decode;

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
                let header = Header::new(&front.identity, response.revision);
                responses.send(framed(&Watch { header, response: &response })).await?;
            }
        }
    }
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
