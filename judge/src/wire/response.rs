//! Answers: the fields of etcd's own messages, the header cut down to its revision. What is left
//! out has protobuf's default; a revision that is left out is not known.
#![expect(missing_docs, reason = "named as in etcd's messages, told in docs/history-format.md")]

use braid_core::api;
use braid_core::ids::{LeaseId, Revision};
use braid_core::kv_list::{KvList, KvMeta, KvRef};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Text, is_default};

/// What a server answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Response {
    Range(Range),
    Put(Put),
    Delete(Delete),
    Txn(Txn),
    Compact(Revisioned),
    LeaseGrant(Grant),
    LeaseRevoke(Revisioned),
    LeaseKeepAlive(KeepAlive),
    LeaseTimeToLive(TimeToLive),
    LeaseLeases(Leases),
    HashKv(HashKv),
    Status(Status),
}

macro_rules! message {
    ($name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        /// etcd's message of this name.
        #[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(#[serde(skip_serializing_if = "is_default")] pub $field: $kind,)*
        }
    };
}

message!(Kv {
    key: Text,
    value: Text,
    create_revision: u64,
    mod_revision: u64,
    version: u64,
    lease: i64,
});
message!(Range { revision: u64, kvs: Vec<Kv>, more: bool, count: i64, });
message!(Put { revision: u64, prev_kv: Option<Kv>, });
message!(Delete { revision: u64, deleted: i64, prev_kvs: Vec<Kv>, });
message!(Txn { revision: u64, succeeded: bool, responses: Vec<Operation>, });
message!(Revisioned { revision: u64 });
message!(Grant { revision: u64, lease: i64, ttl: i64 });
message!(KeepAlive { revision: u64, ttl: i64 });
message!(TimeToLive { revision: u64, ttl: i64, granted_ttl: i64, keys: Vec<Text>, });
message!(Leases { revision: u64, leases: Vec<i64>, });
message!(HashKv { revision: u64, hash: u32, compact_revision: i64, hash_revision: i64 });
message!(Status {
    revision: u64,
    db_size: u64,
    db_size_in_use: u64,
    raft_index: u64,
    raft_applied_index: u64,
    compact_revision: i64,
});

/// The answer to an operation of a transaction.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    Range(Range),
    Put(Put),
    Delete(Delete),
    Txn(Txn),
}

impl From<Response> for api::Response {
    fn from(response: Response) -> Self {
        match response {
            Response::Range(range) => Self::Range(range.into()),
            Response::Put(put) => Self::Put(put.into()),
            Response::Delete(delete) => Self::DeleteRange(delete.into()),
            Response::Txn(txn) => Self::Txn(txn.into()),
            Response::Compact(of) => Self::Compact { revision: Revision(of.revision) },
            Response::LeaseRevoke(of) => Self::LeaseRevoke { revision: Revision(of.revision) },
            Response::LeaseGrant(Grant { revision, lease, ttl }) => {
                Self::LeaseGrant { revision: Revision(revision), lease: LeaseId(lease), ttl }
            }
            Response::LeaseKeepAlive(KeepAlive { revision, ttl }) => {
                Self::LeaseKeepAlive { revision: Revision(revision), ttl }
            }
            Response::LeaseTimeToLive(TimeToLive { revision, ttl, granted_ttl, keys }) => {
                let keys = keys.into_iter().map(|key| key.0).collect();
                Self::LeaseTimeToLive { revision: Revision(revision), ttl, granted_ttl, keys }
            }
            Response::LeaseLeases(Leases { revision, leases }) => {
                let leases = leases.into_iter().map(LeaseId).collect();
                Self::LeaseLeases { revision: Revision(revision), leases }
            }
            Response::HashKv(HashKv { revision, hash, compact_revision, hash_revision }) => {
                Self::HashKv { revision: Revision(revision), hash, compact_revision, hash_revision }
            }
            Response::Status(status) => Self::Status(status.into()),
        }
    }
}

/// An answer as it is written; `None` for those that no client can get.
#[must_use]
pub fn response(response: &api::Response) -> Option<Response> {
    Some(match response {
        api::Response::Range(range) => Response::Range(range.into()),
        api::Response::Put(put) => Response::Put(put.into()),
        api::Response::DeleteRange(delete) => Response::Delete(delete.into()),
        api::Response::Txn(txn) => Response::Txn(txn.into()),
        api::Response::Compact { revision } => {
            Response::Compact(Revisioned { revision: revision.0 })
        }
        api::Response::LeaseRevoke { revision } => {
            Response::LeaseRevoke(Revisioned { revision: revision.0 })
        }
        api::Response::LeaseGrant { revision, lease, ttl } => {
            Response::LeaseGrant(Grant { revision: revision.0, lease: lease.0, ttl: *ttl })
        }
        api::Response::LeaseKeepAlive { revision, ttl } => {
            Response::LeaseKeepAlive(KeepAlive { revision: revision.0, ttl: *ttl })
        }
        api::Response::LeaseTimeToLive { revision, ttl, granted_ttl, keys } => {
            let keys = keys.iter().cloned().map(Text).collect();
            let (revision, ttl, granted_ttl) = (revision.0, *ttl, *granted_ttl);
            Response::LeaseTimeToLive(TimeToLive { revision, ttl, granted_ttl, keys })
        }
        api::Response::LeaseLeases { revision, leases } => {
            let leases = leases.iter().map(|lease| lease.0).collect();
            Response::LeaseLeases(Leases { revision: revision.0, leases })
        }
        api::Response::HashKv { revision, hash, compact_revision, hash_revision } => {
            let (compact_revision, hash_revision) = (*compact_revision, *hash_revision);
            let revision = revision.0;
            Response::HashKv(HashKv { revision, hash: *hash, compact_revision, hash_revision })
        }
        api::Response::Status(status) => Response::Status(status.into()),
        api::Response::RangeClosed => return None,
    })
}

impl From<Status> for api::Status {
    fn from(status: Status) -> Self {
        Self {
            revision: Revision(status.revision),
            db_size: status.db_size,
            db_size_in_use: status.db_size_in_use,
            raft_index: status.raft_index,
            raft_applied_index: status.raft_applied_index,
            compact_revision: status.compact_revision,
            ..Self::default()
        }
    }
}

impl From<&api::Status> for Status {
    fn from(status: &api::Status) -> Self {
        Self {
            revision: status.revision.0,
            db_size: status.db_size,
            db_size_in_use: status.db_size_in_use,
            raft_index: status.raft_index,
            raft_applied_index: status.raft_applied_index,
            compact_revision: status.compact_revision,
        }
    }
}

fn list(kvs: Vec<Kv>) -> KvList {
    let mut list = KvList::default();
    for kv in kvs {
        let meta = KvMeta {
            create_revision: Revision(kv.create_revision),
            mod_revision: Revision(kv.mod_revision),
            version: kv.version,
            lease: LeaseId(kv.lease),
        };
        list.push(&kv.key.0, &kv.value.0, meta);
    }
    list
}

fn unlist(list: &KvList) -> Vec<Kv> {
    list.iter().map(Kv::from).collect()
}

impl From<KvRef<'_>> for Kv {
    fn from(KvRef { key, value, meta }: KvRef<'_>) -> Self {
        Self {
            key: Text(Bytes::copy_from_slice(key)),
            value: Text(Bytes::copy_from_slice(value)),
            create_revision: meta.create_revision.0,
            mod_revision: meta.mod_revision.0,
            version: meta.version,
            lease: meta.lease.0,
        }
    }
}

impl From<Range> for api::RangeResponse {
    fn from(Range { revision, kvs, more, count }: Range) -> Self {
        let revision = Revision(revision);
        Self { revision, kvs: list(kvs), more, count, ..Self::default() }
    }
}

impl From<&api::RangeResponse> for Range {
    fn from(range: &api::RangeResponse) -> Self {
        let kvs = unlist(&range.kvs);
        Self { revision: range.revision.0, kvs, more: range.more, count: range.count }
    }
}

impl From<Put> for api::PutResponse {
    fn from(Put { revision, prev_kv }: Put) -> Self {
        Self { revision: Revision(revision), prev_kv: prev_kv.map(|kv| list(vec![kv])) }
    }
}

impl From<&api::PutResponse> for Put {
    fn from(put: &api::PutResponse) -> Self {
        let prev_kv = put.prev_kv.as_ref().and_then(|list| list.iter().next().map(Kv::from));
        Self { revision: put.revision.0, prev_kv }
    }
}

impl From<Delete> for api::DeleteRangeResponse {
    fn from(Delete { revision, deleted, prev_kvs }: Delete) -> Self {
        Self { revision: Revision(revision), deleted, prev_kvs: list(prev_kvs) }
    }
}

impl From<&api::DeleteRangeResponse> for Delete {
    fn from(delete: &api::DeleteRangeResponse) -> Self {
        let prev_kvs = unlist(&delete.prev_kvs);
        Self { revision: delete.revision.0, deleted: delete.deleted, prev_kvs }
    }
}

impl From<Txn> for api::TxnResponse {
    fn from(Txn { revision, succeeded, responses }: Txn) -> Self {
        let responses = responses.into_iter().map(Into::into).collect();
        Self { revision: Revision(revision), succeeded, responses }
    }
}

impl From<&api::TxnResponse> for Txn {
    fn from(txn: &api::TxnResponse) -> Self {
        let responses = txn.responses.iter().map(Into::into).collect();
        Self { revision: txn.revision.0, succeeded: txn.succeeded, responses }
    }
}

impl From<Operation> for api::OperationResponse {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Range(range) => Self::Range(range.into()),
            Operation::Put(put) => Self::Put(put.into()),
            Operation::Delete(delete) => Self::DeleteRange(delete.into()),
            Operation::Txn(txn) => Self::Txn(txn.into()),
        }
    }
}

impl From<&api::OperationResponse> for Operation {
    fn from(operation: &api::OperationResponse) -> Self {
        match operation {
            api::OperationResponse::Range(range) => Self::Range(range.into()),
            api::OperationResponse::Put(put) => Self::Put(put.into()),
            api::OperationResponse::DeleteRange(delete) => Self::Delete(delete.into()),
            api::OperationResponse::Txn(txn) => Self::Txn(txn.into()),
        }
    }
}
