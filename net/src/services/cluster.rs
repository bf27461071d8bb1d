//! etcdserverpb.Cluster, as far as a member that is alone can answer.

use braid_storage::ids::Revision;
use bytes::Bytes;

use crate::grpc::message::framed;
use crate::identity::Identity;
use crate::proto::etcdserverpb as pb;

/// The answer to MemberList. Its header has no revision, as in etcd.
#[must_use]
pub fn member_list(identity: &Identity) -> Bytes {
    let member = pb::Member {
        id: identity.member_id,
        name: identity.name.clone(),
        peer_ur_ls: identity.peer_urls.clone(),
        client_ur_ls: identity.client_urls.clone(),
        is_learner: false,
    };
    let header = Some(identity.header(Revision(0)));
    framed(&pb::MemberListResponse { header, members: vec![member] })
}
