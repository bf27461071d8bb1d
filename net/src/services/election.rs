//! v3electionpb.Election: whoever is first in the queue below the election's name leads.

use braid_core::api::{KeyValue, Operation, Request, TxnRequest};
use braid_core::error::Code;
use braid_core::port::Port;
use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::front::FrontEnd;
use crate::grpc::message::{ReadError, framed};
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::{mvccpb, v3electionpb as pb};
use crate::services::decode;
use crate::services::recipe::{
    Changes, Place, created_at, delete, first_created, found, get, prefix, put, queue_key, session,
    single, txn, wait_for_turn,
};

const NOT_LEADER: Status = Status::new(Code::Unknown, "election: not leader");
const NO_LEADER: Status = Status::new(Code::Unknown, "election: no leader");
const NO_KEY: Status = Status::new(Code::Unknown, "\"leader\" field must be provided");

/// Campaign: answers when the caller leads.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn campaign(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::CampaignRequest = decode(requests.only().await?)?;
    let lease = session(&front.port, request.lease).await?;
    let prefix = prefix(&request.name);
    let key = queue_key(&prefix, lease);
    let (revision, created) = stand(&front.port, &key, &request.value, lease).await?;
    let place = Place::new(&front.port, Request::Txn(leave(&key, created)));
    wait_for_turn(&front.port, &prefix, created).await?;
    place.keep();
    let rev = created.0 as i64;
    let leader = Some(pb::LeaderKey { name: request.name, key, rev, lease: lease.0 });
    let header = Some(front.identity.header(revision));
    responses.send(framed(&pb::CampaignResponse { header, leader })).await
}

/// Takes a place in the queue, or finds the one that the lease has there, and gives it `value`.
/// The revision of the answer, and the one at which the place was taken.
async fn stand(
    port: &Port,
    key: &Bytes,
    value: &Bytes,
    lease: LeaseId,
) -> Result<(Revision, Revision), Status> {
    let response = txn(
        port,
        TxnRequest {
            compare: vec![created_at(key, Revision(0))],
            success: vec![put(key, value.clone(), lease)],
            failure: vec![Operation::Range(single(key))],
        },
    )
    .await?;
    let Some(kv) = found(&response, 0).filter(|_| !response.succeeded) else {
        return Ok((response.revision, response.revision));
    };
    if kv.value != *value {
        let place = Place::new(port, Request::Txn(leave(key, kv.create_revision)));
        say(port, key, kv.create_revision, value.clone(), lease).await?;
        place.keep();
    }
    Ok((response.revision, kv.create_revision))
}

/// Gives a place in the queue a new value, if it is still held.
async fn say(
    port: &Port,
    key: &Bytes,
    created: Revision,
    value: Bytes,
    lease: LeaseId,
) -> Result<Revision, Status> {
    let compare = vec![created_at(key, created)];
    let success = vec![put(key, value, lease)];
    let response = txn(port, TxnRequest { compare, success, failure: Vec::new() }).await?;
    if response.succeeded { Ok(response.revision) } else { Err(NOT_LEADER) }
}

/// Gives a place in the queue up.
fn leave(key: &Bytes, created: Revision) -> TxnRequest {
    TxnRequest {
        compare: vec![created_at(key, created)],
        success: vec![Operation::DeleteRange(delete(key))],
        failure: Vec::new(),
    }
}

/// Proclaim: a new value for a leader.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn proclaim(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::ProclaimRequest = decode(requests.only().await?)?;
    let leader = request.leader.ok_or(NO_KEY)?;
    let lease = session(&front.port, leader.lease).await?;
    let created = Revision(leader.rev as u64);
    let revision = say(&front.port, &leader.key, created, request.value, lease).await?;
    let header = Some(front.identity.header(revision));
    responses.send(framed(&pb::ProclaimResponse { header })).await
}

/// Resign: the leader gives up.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn resign(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::ResignRequest = decode(requests.only().await?)?;
    let leader = request.leader.ok_or(NO_KEY)?;
    let response = txn(&front.port, leave(&leader.key, Revision(leader.rev as u64))).await?;
    let header = Some(front.identity.header(response.revision));
    responses.send(framed(&pb::ResignResponse { header })).await
}

/// Leader: who leads now.
///
/// # Errors
/// How the call ends, unless it ends well.
pub async fn leader(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::LeaderRequest = decode(requests.only().await?)?;
    let (revision, kv) = get(&front.port, first_created(&prefix(&request.name))).await?;
    let kv = kv.ok_or(NO_LEADER)?;
    tell(responses, front, revision, &kv).await
}

/// Observe: who leads now, and each change.
///
/// # Errors
/// How the stream ends.
pub async fn observe(
    requests: &mut Requests,
    responses: &Responses,
    front: &FrontEnd,
) -> Result<(), ReadError> {
    let request: pb::LeaderRequest = decode(requests.only().await?)?;
    let prefix = prefix(&request.name);
    loop {
        let (revision, kv) = next_leader(&front.port, &prefix).await?;
        tell(responses, front, revision, &kv).await?;
        follow(responses, front, &kv.key, revision.next()).await?;
    }
}

/// The leader, once there is one.
async fn next_leader(port: &Port, prefix: &Bytes) -> Result<(Revision, KeyValue), Status> {
    let (revision, kv) = get(port, first_created(prefix)).await?;
    if let Some(kv) = kv {
        return Ok((revision, kv));
    }
    let changes = Changes::of_prefix(port, prefix, revision);
    loop {
        let (_, events) = changes.next().await?;
        if let Some(event) = events.iter().find(|event| !event.deleted) {
            return Ok((event.kv.mod_revision, event.kv.clone()));
        }
    }
}

/// Tells what the leader says until it leads no more.
async fn follow(
    responses: &Responses,
    front: &FrontEnd,
    key: &Bytes,
    from: Revision,
) -> Result<(), ReadError> {
    let changes = Changes::of_key(&front.port, key, from);
    loop {
        let (revision, events) = changes.next().await?;
        for event in events.iter() {
            if event.deleted {
                return Ok(());
            }
            tell(responses, front, revision, &event.kv).await?;
        }
    }
}

async fn tell(
    responses: &Responses,
    front: &FrontEnd,
    revision: Revision,
    kv: &KeyValue,
) -> Result<(), ReadError> {
    let kv = mvccpb::KeyValue {
        key: kv.key.clone(),
        create_revision: kv.create_revision.0 as i64,
        mod_revision: kv.mod_revision.0 as i64,
        version: kv.version as i64,
        value: kv.value.clone(),
        lease: kv.lease.0,
    };
    let header = Some(front.identity.header(revision));
    responses.send(framed(&pb::LeaderResponse { header, kv: Some(kv) })).await
}
