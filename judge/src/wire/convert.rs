//! Requests as they are written and as the model takes them, both ways.

use braid_core::api;
use braid_core::ids::LeaseId;

use super::Text;
use super::request::{
    Compact, Compare, Delete, Grant, HashKv, Lease, Nothing, Operation, Put, Range, Request,
    Target, TimeToLive, Txn,
};

impl From<Request> for api::Request {
    fn from(request: Request) -> Self {
        match request {
            Request::Range(range) => Self::Range(range.into()),
            Request::Put(put) => Self::Put(put.into()),
            Request::Delete(delete) => Self::DeleteRange(delete.into()),
            Request::Txn(txn) => Self::Txn(txn.into()),
            Request::Compact(Compact { revision, physical }) => {
                Self::Compact(api::CompactRequest { revision, physical })
            }
            Request::LeaseGrant(Grant { lease, ttl }) => {
                Self::LeaseGrant { lease: LeaseId(lease), ttl }
            }
            Request::LeaseRevoke(lease) => Self::LeaseRevoke { lease: LeaseId(lease.lease) },
            Request::LeaseKeepAlive(lease) => Self::LeaseKeepAlive { lease: LeaseId(lease.lease) },
            Request::LeaseTimeToLive(TimeToLive { lease, keys }) => {
                Self::LeaseTimeToLive { lease: LeaseId(lease), keys }
            }
            Request::LeaseLeases(_) => Self::LeaseLeases,
            Request::HashKv(hash) => Self::HashKv { revision: hash.revision },
            Request::Status(_) => Self::Status,
        }
    }
}

/// Field by field, both ways: `x` stays, `x.0` is wrapped.
macro_rules! same_fields {
    ($wire:ident, $core:ident, text { $($text:ident),* }, plain { $($plain:ident),* } $(, $rest:expr)?) => {
        impl From<$wire> for api::$core {
            fn from(from: $wire) -> Self {
                Self { $($text: from.$text.0,)* $($plain: from.$plain,)* $(..$rest)? }
            }
        }
        impl From<&api::$core> for $wire {
            fn from(from: &api::$core) -> Self {
                Self { $($text: Text(from.$text.clone()),)* $($plain: from.$plain,)* }
            }
        }
    };
}

same_fields!(
    Range,
    RangeRequest,
    text { key, range_end },
    plain {
        limit,
        revision,
        sort_order,
        sort_target,
        serializable,
        keys_only,
        count_only,
        min_mod_revision,
        max_mod_revision,
        min_create_revision,
        max_create_revision
    },
    Self::default()
);
same_fields!(Delete, DeleteRangeRequest, text { key, range_end }, plain { prev_kv });

impl From<Put> for api::PutRequest {
    fn from(put: Put) -> Self {
        let Put { key, value, lease, prev_kv, ignore_value, ignore_lease } = put;
        let lease = LeaseId(lease);
        Self { key: key.0, value: value.0, lease, prev_kv, ignore_value, ignore_lease }
    }
}

impl From<Txn> for api::TxnRequest {
    fn from(txn: Txn) -> Self {
        Self {
            compare: txn.compare.into_iter().map(Into::into).collect(),
            success: txn.success.into_iter().map(Into::into).collect(),
            failure: txn.failure.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Operation> for api::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Range(range) => Self::Range(range.into()),
            Operation::Put(put) => Self::Put(put.into()),
            Operation::Delete(delete) => Self::DeleteRange(delete.into()),
            Operation::Txn(txn) => Self::Txn(txn.into()),
            Operation::Missing(_) => Self::Missing,
        }
    }
}

impl From<Compare> for api::Compare {
    fn from(compare: Compare) -> Self {
        let target = match compare.target {
            Target::Version(version) => api::CompareTarget::Version(version),
            Target::Create(revision) => api::CompareTarget::Create(revision),
            Target::Mod(revision) => api::CompareTarget::Mod(revision),
            Target::Value(value) => api::CompareTarget::Value(value.0),
            Target::Lease(lease) => api::CompareTarget::Lease(lease),
            Target::Unknown(_) => api::CompareTarget::Unknown,
        };
        let Compare { key, range_end, result, .. } = compare;
        Self { key: key.0, range_end: range_end.0, result, target }
    }
}

/// A request as it is written; `None` for those that no client can send.
#[must_use]
pub fn request(request: &api::Request) -> Option<Request> {
    Some(match request {
        api::Request::Range(range) => Request::Range(range.into()),
        api::Request::Put(put) => Request::Put(put.into()),
        api::Request::DeleteRange(delete) => Request::Delete(delete.into()),
        api::Request::Txn(txn) => Request::Txn(txn.into()),
        api::Request::Compact(api::CompactRequest { revision, physical }) => {
            Request::Compact(Compact { revision: *revision, physical: *physical })
        }
        api::Request::LeaseGrant { lease, ttl } => {
            Request::LeaseGrant(Grant { lease: lease.0, ttl: *ttl })
        }
        api::Request::LeaseRevoke { lease } => Request::LeaseRevoke(Lease { lease: lease.0 }),
        api::Request::LeaseKeepAlive { lease } => Request::LeaseKeepAlive(Lease { lease: lease.0 }),
        api::Request::LeaseTimeToLive { lease, keys } => {
            Request::LeaseTimeToLive(TimeToLive { lease: lease.0, keys: *keys })
        }
        api::Request::LeaseLeases => Request::LeaseLeases(Nothing {}),
        api::Request::HashKv { revision } => Request::HashKv(HashKv { revision: *revision }),
        api::Request::Status => Request::Status(Nothing {}),
        api::Request::RangeNext(_) | api::Request::RangeClose(_) => return None,
    })
}

impl From<&api::PutRequest> for Put {
    fn from(put: &api::PutRequest) -> Self {
        Self {
            key: Text(put.key.clone()),
            value: Text(put.value.clone()),
            lease: put.lease.0,
            prev_kv: put.prev_kv,
            ignore_value: put.ignore_value,
            ignore_lease: put.ignore_lease,
        }
    }
}

impl From<&api::TxnRequest> for Txn {
    fn from(txn: &api::TxnRequest) -> Self {
        Self {
            compare: txn.compare.iter().map(Into::into).collect(),
            success: txn.success.iter().map(Into::into).collect(),
            failure: txn.failure.iter().map(Into::into).collect(),
        }
    }
}

impl From<&api::Operation> for Operation {
    fn from(operation: &api::Operation) -> Self {
        match operation {
            api::Operation::Range(range) => Self::Range(range.into()),
            api::Operation::Put(put) => Self::Put(put.into()),
            api::Operation::DeleteRange(delete) => Self::Delete(delete.into()),
            api::Operation::Txn(txn) => Self::Txn(txn.into()),
            api::Operation::Missing => Self::Missing(Nothing {}),
        }
    }
}

impl From<&api::Compare> for Compare {
    fn from(compare: &api::Compare) -> Self {
        let target = match &compare.target {
            api::CompareTarget::Version(version) => Target::Version(*version),
            api::CompareTarget::Create(revision) => Target::Create(*revision),
            api::CompareTarget::Mod(revision) => Target::Mod(*revision),
            api::CompareTarget::Value(value) => Target::Value(Text(value.clone())),
            api::CompareTarget::Lease(lease) => Target::Lease(*lease),
            api::CompareTarget::Unknown => Target::Unknown(Nothing {}),
        };
        let api::Compare { key, range_end, result, .. } = compare;
        Self { key: Text(key.clone()), range_end: Text(range_end.clone()), result: *result, target }
    }
}
