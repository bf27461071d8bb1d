//! Who this member is, as every answer's header says.

use std::cell::Cell;

use crate::proto::etcdserverpb::ResponseHeader;
use braid_storage::ids::Revision;

/// etcd's version that this server is compatible with.
pub const ETCD_VERSION: &str = "3.7.1";

/// The version of etcd's cluster and storage that it stands for.
pub const CLUSTER_VERSION: &str = "3.7.0";

/// Facts about this member and its cluster.
#[derive(Debug, Default)]
pub struct Identity {
    /// etcd's cluster id.
    pub cluster_id: u64,
    /// This member's id.
    pub member_id: u64,
    /// `--name`.
    pub name: String,
    /// `--initial-advertise-peer-urls`.
    pub peer_urls: Vec<String>,
    /// `--advertise-client-urls`.
    pub client_urls: Vec<String>,
    /// `--quota-backend-bytes`.
    pub quota_bytes: i64,
    /// The control group's term.
    pub raft_term: Cell<u64>,
}

impl Identity {
    /// The header of an answer at `revision`.
    #[must_use]
    pub fn header(&self, revision: Revision) -> ResponseHeader {
        ResponseHeader {
            cluster_id: self.cluster_id,
            member_id: self.member_id,
            revision: revision.0 as i64,
            raft_term: self.raft_term.get(),
        }
    }
}
