//! etcdserverpb.Watch: one task pumps a stream's requests in and its responses out.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use braid_core::api::{WatchCreate, WatchRequest, WatchResponses};
use braid_core::error::Error;
use braid_core::port::WatchStream;
use bytes::{Bytes, BytesMut};

use crate::encode::kv::Header;
use crate::encode::watch::Copies;
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
    /// There are responses to be sent.
    Respond,
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
    let mut outbox = Outbox { stream: front.port.watch(), front, current: None };
    let mut open = true;
    loop {
        match poll_fn(|context| poll_work(&mut *requests, open, &mut outbox, context)).await? {
            Work::HalfClosed => open = false,
            Work::Request(message) => {
                if let Some(request) = request(decode(message)?) {
                    outbox.stream.send(request);
                }
            }
            Work::Respond => {
                let payload = outbox.next_piece(responses);
                responses.send_counted(payload, outbox.kept_bytes()).await?;
            }
        }
    }
}

/// What a stream's watchers are to be told.
struct Outbox<'a> {
    stream: WatchStream,
    front: &'a FrontEnd,
    /// What is being sent.
    current: Option<Copies>,
}

impl Outbox<'_> {
    /// Ready once there is something to be sent.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.current.is_none() {
            let responses = ready!(self.stream.poll_next(context))?;
            self.current = Some(self.copies(responses));
        }
        Poll::Ready(Ok(()))
    }

    /// All that is ready, up to the size of a piece: one event may have a response for each of a
    /// stream's hundred watchers, and HTTP/2's work is for each piece.
    fn next_piece(&mut self, responses: &Responses) -> Bytes {
        let (mut payload, mut messages) = (BytesMut::new(), 0);
        while payload.len() < PIECE_BYTES {
            if self.current.is_none() {
                self.current = self.stream.try_next().map(|responses| self.copies(responses));
            }
            let Some(copies) = &mut self.current else { break };
            copies.put_next(&mut payload);
            messages += 1;
            if copies.is_done() {
                self.current = None;
            }
        }
        responses.count_messages(messages, payload.len());
        payload.freeze()
    }

    fn copies(&self, responses: WatchResponses) -> Copies {
        let header = Header::new(&self.front.identity, responses.response.revision);
        Copies::new(header, responses)
    }

    fn kept_bytes(&self) -> usize {
        self.current.as_ref().map_or(0, Copies::kept_bytes)
    }
}

fn poll_work(
    requests: &mut Requests,
    open: bool,
    outbox: &mut Outbox<'_>,
    context: &mut Context<'_>,
) -> Poll<Result<Work, ReadError>> {
    if open && let Poll::Ready(outcome) = requests.poll_next(context) {
        return Poll::Ready(outcome.map(|message| message.map_or(Work::HalfClosed, Work::Request)));
    }
    let ended = |error: Error| Status::from(error).into();
    outbox.poll_ready(context).map(|outcome| outcome.map(|()| Work::Respond).map_err(ended))
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
