//! v3lockpb.Lock: whoever is first in the queue below the lock's name holds it.

use braid_core::api::{Operation, Request, TxnRequest};
use braid_core::error::Code;
use braid_core::port::Port;
use braid_storage::ids::Revision;
use bytes::Bytes;

use crate::front::FrontEnd;
use crate::grpc::message::{ReadError, framed};
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::v3lockpb as pb;
use crate::services::decode;
use crate::services::recipe::{
    Place, created_at, delete, first_created, found, get, prefix, put, queue_key, session, single,
    txn, wait_for_turn,
};

/// Lock: answers when the lock is held.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn lock(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::LockRequest = decode(requests.only().await?)?;
    let (revision, key) = acquire(&front.port, &request).await?;
    let header = Some(front.identity.header(revision));
    responses.send(framed(&pb::LockResponse { header, key })).await
}

/// The revision at which the lock is held, and the key that holds it.
async fn acquire(port: &Port, request: &pb::LockRequest) -> Result<(Revision, Bytes), Status> {
    let lease = session(port, request.lease).await?;
    let prefix = prefix(&request.name);
    let key = queue_key(&prefix, lease);
    let owner = Operation::Range(first_created(&prefix));
    let response = txn(
        port,
        TxnRequest {
            compare: vec![created_at(&key, Revision(0))],
            success: vec![put(&key, Bytes::new(), lease), owner.clone()],
            failure: vec![Operation::Range(single(&key)), owner],
        },
    )
    .await?;
    let place = Place::new(port, Request::DeleteRange(delete(&key)));
    let mine = match found(&response, 0) {
        Some(kv) if !response.succeeded => kv.create_revision,
        _ => response.revision,
    };
    if found(&response, 1).is_none_or(|owner| owner.create_revision == mine) {
        place.keep();
        return Ok((response.revision, key));
    }
    wait_for_turn(port, &prefix, mine).await?;
    let (revision, still_there) = get(port, single(&key)).await?;
    place.keep();
    match still_there {
        Some(_) => Ok((revision, key)),
        None => Err(Status::new(Code::Unknown, "mutex: session is expired")),
    }
}

/// Unlock, in the engine's words.
#[must_use]
pub fn unlock(request: &pb::UnlockRequest) -> Request {
    Request::DeleteRange(delete(&request.key))
}
