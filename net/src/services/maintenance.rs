//! etcdserverpb.Maintenance, and AuthStatus.

use braid_core::api::{self, Request, Response};
use braid_core::error::Code;
use braid_storage::ids::Revision;
use bytes::Bytes;

use crate::grpc::message::framed;
use crate::grpc::method::Method;
use crate::grpc::status::Status;
use crate::identity::{CLUSTER_VERSION, ETCD_VERSION, Identity};
use crate::proto::etcdserverpb as pb;

/// A HashKVRequest.
#[must_use]
pub fn hash_kv(request: &pb::HashKvRequest) -> Request {
    Request::HashKv { revision: request.revision }
}

/// Alarm: the one for a full disk may be listed. It comes and goes with the disk's room.
///
/// # Errors
/// When an alarm is to be changed.
pub fn alarm(request: &pb::AlarmRequest) -> Result<Request, Status> {
    if request.action == pb::alarm_request::AlarmAction::Get as i32 {
        // Status tells the revision for the header.
        return Ok(Request::Status);
    }
    Err(Status::new(
        Code::Unimplemented,
        "etcdserver: alarms cannot be changed: NOSPACE ends by itself once the disk has room",
    ))
}

/// Why Defragment does nothing.
#[must_use]
pub fn defragment() -> Status {
    Status::new(
        Code::Unimplemented,
        "etcdserver: defragment is not built yet: space of removed keys returns in a later version",
    )
}

/// The message for the engine's answer; none when it is no answer to `method`.
#[must_use]
pub fn finish(method: Method, response: &Response, identity: &Identity) -> Option<Bytes> {
    let header = |revision| Some(identity.header(revision));
    let payload = match (method, response) {
        (Method::Status, Response::Status(status)) => framed(&status_response(status, identity)),
        (Method::Alarm, Response::Status(status)) => {
            let alarms = alarms(status, identity).collect();
            framed(&pb::AlarmResponse { header: header(status.revision), alarms })
        }
        (Method::AuthStatus, Response::Status(status)) => {
            framed(&auth_status(identity, status.revision))
        }
        (Method::Hash, &Response::HashKv { revision, hash, .. }) => {
            framed(&pb::HashResponse { header: header(revision), hash })
        }
        (Method::HashKv, &Response::HashKv { revision, hash, compact_revision, hash_revision }) => {
            framed(&pb::HashKvResponse {
                header: header(revision),
                hash,
                compact_revision,
                hash_revision,
            })
        }
        _ => return None,
    };
    Some(payload)
}

/// Authentication is off, and its store is as it was born.
fn auth_status(identity: &Identity, revision: Revision) -> pb::AuthStatusResponse {
    let header = Some(identity.header(revision));
    pb::AuthStatusResponse { header, enabled: false, auth_revision: 1 }
}

fn alarms(status: &api::Status, identity: &Identity) -> impl Iterator<Item = pb::AlarmMember> {
    let (member_id, alarm) = (identity.member_id, pb::AlarmType::Nospace as i32);
    status.no_space.then_some(pb::AlarmMember { member_id, alarm }).into_iter()
}

/// An alarm as etcd's Status words it.
fn text(alarm: &pb::AlarmMember) -> String {
    format!("memberID:{} alarm:{} ", alarm.member_id, alarm.alarm().as_str_name())
}

fn status_response(status: &api::Status, identity: &Identity) -> pb::StatusResponse {
    pb::StatusResponse {
        header: Some(identity.header(status.revision)),
        version: ETCD_VERSION.to_owned(),
        // etcdctl divides by it.
        db_size: status.db_size.max(1) as i64,
        leader: identity.member_id,
        raft_index: status.raft_index,
        raft_term: identity.raft_term.get(),
        raft_applied_index: status.raft_applied_index,
        errors: alarms(status, identity).map(|alarm| text(&alarm)).collect(),
        db_size_in_use: status.db_size_in_use as i64,
        is_learner: false,
        storage_version: CLUSTER_VERSION.to_owned(),
        db_size_quota: identity.quota_bytes,
        downgrade_info: Some(pb::DowngradeInfo::default()),
    }
}
