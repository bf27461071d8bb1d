//! What front-ends ask of the engine and what it answers, independent of any wire format.
//!
//! Requests come as the client sent them: revisions and limits are signed and unchecked, enums
//! keep unknown numbers. The engine validates, so that every front-end has the same rules.

use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::kv_list::KvList;

mod watch;

pub use watch::{Event, WatchCreate, WatchRequest, WatchResponse, WatchResponses};

/// A request to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Read keys.
    Range(RangeRequest),
    /// Read the next chunk of a range whose answer did not fit one reply; see
    /// [`RangeResponse::rest`].
    RangeNext(ScanId),
    /// Forget a scan before its end.
    RangeClose(ScanId),
    /// Write one key.
    Put(PutRequest),
    /// Delete keys.
    DeleteRange(DeleteRangeRequest),
    /// Compare, then do.
    Txn(TxnRequest),
    /// Forget history.
    Compact(CompactRequest),
    /// Begin a lease.
    LeaseGrant {
        /// Wanted id; 0 lets the server choose.
        lease: LeaseId,
        /// Wanted time to live in seconds.
        ttl: i64,
    },
    /// End a lease and delete its keys.
    LeaseRevoke {
        /// The lease.
        lease: LeaseId,
    },
    /// Start a lease's time anew.
    LeaseKeepAlive {
        /// The lease.
        lease: LeaseId,
    },
    /// Ask for a lease's remaining time.
    LeaseTimeToLive {
        /// The lease.
        lease: LeaseId,
        /// Whether the attached keys are wanted.
        keys: bool,
    },
    /// List all leases.
    LeaseLeases,
    /// Checksum of the history up to a revision (0: all of it).
    HashKv {
        /// The revision as the client gave it.
        revision: i64,
    },
    /// Figures about this member.
    Status,
}

/// The engine's answer to the [`Request`] of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To `Range` and `RangeNext`.
    Range(RangeResponse),
    /// To `RangeClose`.
    RangeClosed,
    /// To `Put`.
    Put(PutResponse),
    /// To `DeleteRange`.
    DeleteRange(DeleteRangeResponse),
    /// To `Txn`.
    Txn(TxnResponse),
    /// To `Compact`.
    Compact {
        /// Current revision.
        revision: Revision,
    },
    /// To `LeaseGrant`.
    LeaseGrant {
        /// Current revision.
        revision: Revision,
        /// The lease's id.
        lease: LeaseId,
        /// Granted time to live in seconds.
        ttl: i64,
    },
    /// To `LeaseRevoke`.
    LeaseRevoke {
        /// Current revision.
        revision: Revision,
    },
    /// To `LeaseKeepAlive`.
    LeaseKeepAlive {
        /// Current revision.
        revision: Revision,
        /// Granted time to live in seconds; 0 when the lease is unknown or over.
        ttl: i64,
    },
    /// To `LeaseTimeToLive`.
    LeaseTimeToLive {
        /// Current revision.
        revision: Revision,
        /// Whole seconds left; -1 when the lease is unknown.
        ttl: i64,
        /// Granted time to live in seconds; 0 when the lease is unknown.
        granted_ttl: i64,
        /// Attached keys, when asked for.
        keys: Vec<Bytes>,
    },
    /// To `LeaseLeases`.
    LeaseLeases {
        /// Current revision.
        revision: Revision,
        /// All leases, the one that ends soonest first.
        leases: Vec<LeaseId>,
    },
    /// To `HashKv`.
    HashKv {
        /// Current revision.
        revision: Revision,
        /// CRC-32C as etcd computes it.
        hash: u32,
        /// Last compacted revision; -1 when there was none.
        compact_revision: i64,
        /// The revision that was hashed; one below 0 comes back as it was given.
        hash_revision: i64,
    },
    /// To `Status`.
    Status(Status),
}

/// Names a range whose answer comes in chunks. Unique on its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanId(pub u64);

/// etcd's RangeRequest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeRequest {
    /// First key.
    pub key: Bytes,
    /// End of the interval, exclusive; empty for a single key, `"\0"` for no end.
    pub range_end: Bytes,
    /// Most keys wanted; 0 or less for all.
    pub limit: i64,
    /// Revision to read at; 0 or less for the latest.
    pub revision: i64,
    /// 0 none, 1 ascending, 2 descending.
    pub sort_order: i32,
    /// 0 key, 1 version, 2 create revision, 3 mod revision, 4 value.
    pub sort_target: i32,
    /// Whether the member's own state is fresh enough.
    pub serializable: bool,
    /// Leave the values out.
    pub keys_only: bool,
    /// Only count.
    pub count_only: bool,
    /// Lowest mod revision wanted; 0 for no bound.
    pub min_mod_revision: i64,
    /// Highest mod revision wanted; 0 for no bound.
    pub max_mod_revision: i64,
    /// Lowest create revision wanted; 0 for no bound.
    pub min_create_revision: i64,
    /// Highest create revision wanted; 0 for no bound.
    pub max_create_revision: i64,
    /// How the answer may be delivered.
    pub delivery: Delivery,
}

/// How much of a range's answer may come in the first reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// All of it (ranges inside transactions, small callers).
    #[default]
    Whole,
    /// One wire message: a large answer's total size is computed first, then it comes in chunks.
    Sized,
    /// etcd's RangeStream: chunks as they come, the header with the last one.
    Chunks,
}

/// etcd's RangeResponse, or the first chunk of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeResponse {
    /// Revision for the header.
    pub revision: Revision,
    /// The keys and values (this chunk's).
    pub kvs: KvList,
    /// Whether the limit cut something off.
    pub more: bool,
    /// Keys in the interval, whatever the limit.
    pub count: i64,
    /// Where the following chunks come from; none when this is all.
    pub rest: Option<ScanId>,
    /// With [`Delivery::Sized`] and a rest: the bytes that all `kvs` of the whole answer take as
    /// repeated protobuf field 2, tags and lengths included.
    pub kvs_encoded_len: u64,
}

/// etcd's PutRequest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutRequest {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
    /// Lease to attach to; 0 for none.
    pub lease: LeaseId,
    /// Whether the previous pair is wanted.
    pub prev_kv: bool,
    /// Keep the value that is there.
    pub ignore_value: bool,
    /// Keep the lease that is there.
    pub ignore_lease: bool,
}

/// etcd's PutResponse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutResponse {
    /// Revision for the header.
    pub revision: Revision,
    /// The previous pair (at most one), when it was asked for and existed.
    pub prev_kv: Option<KvList>,
}

/// etcd's DeleteRangeRequest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRangeRequest {
    /// First key.
    pub key: Bytes,
    /// As in [`RangeRequest::range_end`].
    pub range_end: Bytes,
    /// Whether the deleted pairs are wanted.
    pub prev_kv: bool,
}

/// etcd's DeleteRangeResponse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRangeResponse {
    /// Revision for the header.
    pub revision: Revision,
    /// How many keys were deleted.
    pub deleted: i64,
    /// The deleted pairs by key, when asked for.
    pub prev_kvs: KvList,
}

/// etcd's TxnRequest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnRequest {
    /// All must hold for `success` to run.
    pub compare: Vec<Compare>,
    /// Runs when all compares hold.
    pub success: Vec<Operation>,
    /// Runs otherwise.
    pub failure: Vec<Operation>,
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Read.
    Range(RangeRequest),
    /// Write.
    Put(PutRequest),
    /// Delete.
    DeleteRange(DeleteRangeRequest),
    /// A transaction inside.
    Txn(TxnRequest),
    /// The client set none of them.
    Missing,
}

/// etcd's Compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// First key.
    pub key: Bytes,
    /// As in [`RangeRequest::range_end`]: every key of the interval must satisfy the compare.
    pub range_end: Bytes,
    /// 0 equal, 1 greater, 2 less, 3 not equal; others always hold.
    pub result: i32,
    /// What is compared with what.
    pub target: CompareTarget,
}

/// The left side of a compare, with the client's value for the right side.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareTarget {
    /// The key's version.
    Version(i64),
    /// Its create revision.
    Create(i64),
    /// Its mod revision.
    Mod(i64),
    /// Its value.
    Value(Bytes),
    /// Its lease.
    Lease(i64),
    /// A target this server does not know: compares as equal.
    Unknown,
}

/// etcd's TxnResponse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnResponse {
    /// Revision for the header.
    pub revision: Revision,
    /// Whether all compares held.
    pub succeeded: bool,
    /// The results, in the order of the branch that ran.
    pub responses: Vec<OperationResponse>,
}

/// The result of one [`Operation`].
#[derive(Clone, Debug, PartialEq)]
pub enum OperationResponse {
    /// Of a read.
    Range(RangeResponse),
    /// Of a write.
    Put(PutResponse),
    /// Of a delete.
    DeleteRange(DeleteRangeResponse),
    /// Of a transaction inside.
    Txn(TxnResponse),
}

/// etcd's CompactionRequest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompactRequest {
    /// The first revision that stays readable.
    pub revision: i64,
    /// Answer only when the versions are gone.
    pub physical: bool,
}

/// Figures about this member, for Status, `/metrics` and MemberList.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Current revision.
    pub revision: Revision,
    /// Bytes of all segments on disk.
    pub db_size: u64,
    /// Of these, bytes that the current history needs.
    pub db_size_in_use: u64,
    /// Raft index over all groups: grows with every entry.
    pub raft_index: u64,
    /// Of these, what is applied.
    pub raft_applied_index: u64,
    /// Keys at the current revision.
    pub keys: u64,
    /// Last compacted revision; -1 when there was none.
    pub compact_revision: i64,
    /// The disk is full: what takes space is refused.
    pub no_space: bool,
}

/// A key with its value, standing alone. (Lists use [`KvList`].)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
    /// Revision at which the key came into being.
    pub create_revision: Revision,
    /// Revision of the last change.
    pub mod_revision: Revision,
    /// Changes since it came into being.
    pub version: u64,
    /// The lease it is attached to.
    pub lease: LeaseId,
}

impl KeyValue {
    /// A pair.
    #[must_use]
    pub fn new(key: Bytes, value: Bytes, meta: crate::kv_list::KvMeta) -> Self {
        Self {
            key,
            value,
            create_revision: meta.create_revision,
            mod_revision: meta.mod_revision,
            version: meta.version,
            lease: meta.lease,
        }
    }

    /// What watchers see of a deleted key: the key and the revision of its end.
    #[must_use]
    pub fn tombstone(key: Bytes, mod_revision: Revision) -> Self {
        Self { key, mod_revision, ..Self::default() }
    }
}
