//! The services behind gRPC: which method becomes which request to the engine, and its answer
//! which message.

pub mod cluster;
pub mod describe;
pub mod election;
pub mod health;
pub mod kv;
pub mod lease;
pub mod lock;
pub mod maintenance;
mod proposal;
mod recipe;
pub mod scan;
pub mod watch;

use std::time::Duration;

use braid_core::api::{Delivery, RangeResponse, Request, Response};
use braid_core::error::Error;
use bytes::Bytes;
use prost::Message;

use crate::encode::framed;
use crate::encode::kv::{DeleteRange, Header, Put, Range};
use crate::encode::txn::Txn;
use crate::front::FrontEnd;
use crate::grpc::message::{self, ReadError};
use crate::grpc::method::Method;
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::limits::Limits;
use crate::proto::etcdserverpb as pb;
use crate::proto::v3lockpb::UnlockResponse;

pub use scan::send_scan;

/// Who drives the calls of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The connection's own task: one question to the engine, one answer.
    Direct,
    /// A task of their own.
    Task,
    /// Nobody.
    NotBuilt,
}

/// What a request leads to.
pub enum Step {
    /// The engine must be asked.
    Ask(Request),
    /// The answer is known, with its prefix.
    Answer(Bytes),
}

/// What the engine's answer leads to.
pub enum Answer {
    /// The message, with its prefix.
    Whole(Bytes),
    /// The beginning of a range whose rest must be fetched.
    Scan(Box<RangeResponse>),
}

/// Who drives the calls of `method`.
#[must_use]
pub fn handling(method: Method) -> Handling {
    use Method as M;
    match method {
        M::Range | M::Put | M::DeleteRange | M::Txn | M::Compact => Handling::Direct,
        M::LeaseGrant | M::LeaseRevoke | M::LeaseLeases => Handling::Direct,
        M::MemberList | M::Alarm | M::Status | M::Hash | M::HashKv => Handling::Direct,
        M::AuthStatus | M::Defragment | M::Unlock | M::HealthCheck => Handling::Direct,
        M::RangeStream | M::Watch | M::LeaseKeepAlive | M::LeaseTimeToLive => Handling::Task,
        M::Lock | M::HealthWatch => Handling::Task,
        M::Campaign | M::Proclaim | M::Leader | M::Observe | M::Resign => Handling::Task,
        _ => Handling::NotBuilt,
    }
}

/// How long the engine may take: none for what takes as long as there is data.
#[must_use]
pub fn time_limit(method: Method, limits: &Limits) -> Option<Duration> {
    match method {
        Method::Compact | Method::Hash | Method::HashKv => None,
        _ => Some(limits.request_timeout),
    }
}

/// The end of a call that the engine refused.
#[must_use]
pub fn refusal(method: Method, error: Error) -> Status {
    if method == Method::Unlock { recipe::unknown(error) } else { error.into() }
}

fn decode<M: Message + Default>(message: Bytes) -> Result<M, Status> {
    M::decode(message).map_err(|error| Status::undecodable(&error))
}

/// Reads the request of a [`Handling::Direct`] method.
///
/// # Errors
/// When it cannot be read, or is refused at once.
pub fn begin(method: Method, message: Bytes, front: &FrontEnd) -> Result<Step, Status> {
    let len = message.len();
    let request = match method {
        Method::Range => Request::Range(kv::range(decode(message)?, Delivery::Sized)),
        Method::Put => Request::Put(kv::put(decode(message)?)),
        Method::Txn => Request::Txn(kv::txn(decode(message)?)?),
        Method::DeleteRange => Request::DeleteRange(kv::delete_range(decode(message)?)),
        Method::Compact => Request::Compact(kv::compact(decode(message)?)),
        Method::LeaseGrant => lease::grant(&decode(message)?),
        Method::LeaseRevoke => lease::revoke(&decode(message)?),
        Method::LeaseLeases => Request::LeaseLeases,
        Method::Status | Method::AuthStatus => Request::Status,
        Method::Hash => Request::HashKv { revision: 0 },
        Method::HashKv => maintenance::hash_kv(&decode(message)?),
        Method::Alarm => maintenance::alarm(&decode(message)?)?,
        Method::Defragment => return Err(maintenance::defragment()),
        Method::Unlock => lock::unlock(&decode(message)?),
        Method::HealthCheck => return Ok(Step::Answer(health::check(&decode(message)?)?)),
        Method::MemberList => return Ok(Step::Answer(cluster::member_list(&front.identity))),
        other => return Err(Status::not_built(other)),
    };
    proposal::check(&request, len, &front.limits)?;
    Ok(Step::Ask(request))
}

/// Writes the answer of a [`Handling::Direct`] method.
///
/// # Errors
/// When the engine answered something else.
pub fn finish(method: Method, response: Response, front: &FrontEnd) -> Result<Answer, Status> {
    let header = |revision| Header::new(&front.identity, revision);
    let payload = match (method, response) {
        (Method::Range, Response::Range(response)) => {
            if response.rest.is_some() {
                return Ok(Answer::Scan(Box::new(response)));
            }
            framed(&Range { header: Some(header(response.revision)), response: &response })
        }
        (Method::Put, Response::Put(response)) => {
            framed(&Put { header: header(response.revision), response: &response })
        }
        (Method::DeleteRange, Response::DeleteRange(response)) => {
            framed(&DeleteRange { header: header(response.revision), response: &response })
        }
        (Method::Txn, Response::Txn(response)) => {
            framed(&Txn { header: header(response.revision), response: &response })
        }
        (Method::Compact, Response::Compact { revision }) => {
            let header = Some(front.identity.header(revision));
            message::framed(&pb::CompactionResponse { header })
        }
        (Method::Unlock, Response::DeleteRange(response)) => {
            let header = Some(front.identity.header(response.revision));
            message::framed(&UnlockResponse { header })
        }
        (method, response) => {
            let answer = lease::finish(method, &response, &front.identity);
            answer
                .or_else(|| maintenance::finish(method, &response, &front.identity))
                .ok_or(Status::mismatched_answer())?
        }
    };
    Ok(Answer::Whole(payload))
}

/// Runs a call of a [`Handling::Task`] method.
///
/// # Errors
/// How it ends, unless it ends well.
pub async fn run(
    method: Method,
    mut requests: Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let requests = &mut requests;
    match method {
        Method::Watch => watch::run(requests, responses, front).await,
        Method::LeaseKeepAlive => lease::keep_alive(requests, responses, front).await,
        Method::LeaseTimeToLive => lease::time_to_live(requests, responses, front).await,
        Method::RangeStream => scan::range_stream(requests, responses, front).await,
        Method::Lock => lock::lock(requests, responses, front).await,
        Method::Campaign => election::campaign(requests, responses, front).await,
        Method::Proclaim => election::proclaim(requests, responses, front).await,
        Method::Leader => election::leader(requests, responses, front).await,
        Method::Observe => election::observe(requests, responses, front).await,
        Method::Resign => election::resign(requests, responses, front).await,
        Method::HealthWatch => health::watch(requests, responses).await,
        other => Err(Status::not_built(other).into()),
    }
}
