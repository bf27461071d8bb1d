//! etcdserverpb.Lease.

use braid_core::api::{Request, Response};
use braid_storage::ids::LeaseId;
use bytes::Bytes;

use crate::front::FrontEnd;
use crate::grpc::message::{ReadError, framed};
use crate::grpc::method::Method;
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::identity::Identity;
use crate::proto::etcdserverpb as pb;
use crate::services::decode;

/// A LeaseGrantRequest.
#[must_use]
pub fn grant(request: &pb::LeaseGrantRequest) -> Request {
    Request::LeaseGrant { lease: LeaseId(request.id), ttl: request.ttl }
}

/// A LeaseRevokeRequest.
#[must_use]
pub fn revoke(request: &pb::LeaseRevokeRequest) -> Request {
    Request::LeaseRevoke { lease: LeaseId(request.id) }
}

/// The message for the engine's answer; none when it is no answer to `method`.
#[must_use]
pub fn finish(method: Method, response: &Response, identity: &Identity) -> Option<Bytes> {
    let header = |revision| Some(identity.header(revision));
    let payload = match (method, response) {
        (Method::LeaseGrant, &Response::LeaseGrant { revision, lease, ttl }) => {
            let error = String::new();
            framed(&pb::LeaseGrantResponse { header: header(revision), id: lease.0, ttl, error })
        }
        (Method::LeaseRevoke, &Response::LeaseRevoke { revision }) => {
            framed(&pb::LeaseRevokeResponse { header: header(revision) })
        }
        (Method::LeaseLeases, Response::LeaseLeases { revision, leases }) => {
            let leases = leases.iter().map(|lease| pb::LeaseStatus { id: lease.0 }).collect();
            framed(&pb::LeaseLeasesResponse { header: header(*revision), leases })
        }
        _ => return None,
    };
    Some(payload)
}

/// LeaseTimeToLive; a task because its answer names the lease that the request asked for.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn time_to_live(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::LeaseTimeToLiveRequest = decode(requests.only().await?)?;
    let lease = LeaseId(request.id);
    let question = Request::LeaseTimeToLive { lease, keys: request.keys };
    let answer = front.port.call(question).await.map_err(Status::from)?;
    let Response::LeaseTimeToLive { revision, ttl, granted_ttl, keys } = answer else {
        return Err(Status::mismatched_answer().into());
    };
    let header = Some(front.identity.header(revision));
    let response = pb::LeaseTimeToLiveResponse { header, id: lease.0, ttl, granted_ttl, keys };
    responses.send(framed(&response)).await
}

/// One response for each request, in order, until the client has sent its last.
///
/// # Errors
/// How the stream ends, unless it ends well.
pub async fn keep_alive(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    while let Some(message) = requests.next().await? {
        let request: pb::LeaseKeepAliveRequest = decode(message)?;
        let lease = LeaseId(request.id);
        let answer = front.port.call(Request::LeaseKeepAlive { lease }).await;
        let Response::LeaseKeepAlive { revision, ttl } = answer.map_err(Status::from)? else {
            return Err(Status::mismatched_answer().into());
        };
        let header = Some(front.identity.header(revision));
        let response = pb::LeaseKeepAliveResponse { header, id: lease.0, ttl };
        responses.send(framed(&response)).await?;
    }
    Ok(())
}
