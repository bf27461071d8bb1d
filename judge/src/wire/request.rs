//! Requests: the fields of etcd's own messages. What is left out has protobuf's default.
#![expect(missing_docs, reason = "named as in etcd's messages, told in docs/history-format.md")]

use serde::{Deserialize, Serialize};

use super::{Text, is_default};

/// What a client asks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    Range(Range),
    Put(Put),
    Delete(Delete),
    Txn(Txn),
    Compact(Compact),
    LeaseGrant(Grant),
    LeaseRevoke(Lease),
    LeaseKeepAlive(Lease),
    LeaseTimeToLive(TimeToLive),
    LeaseLeases(Nothing),
    HashKv(HashKv),
    Status(Nothing),
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

message!(Range {
    key: Text,
    range_end: Text,
    limit: i64,
    revision: i64,
    sort_order: i32,
    sort_target: i32,
    serializable: bool,
    keys_only: bool,
    count_only: bool,
    min_mod_revision: i64,
    max_mod_revision: i64,
    min_create_revision: i64,
    max_create_revision: i64,
});
message!(Put {
    key: Text,
    value: Text,
    lease: i64,
    prev_kv: bool,
    ignore_value: bool,
    ignore_lease: bool,
});
message!(Delete { key: Text, range_end: Text, prev_kv: bool });
message!(Txn { compare: Vec<Compare>, success: Vec<Operation>, failure: Vec<Operation>, });
message!(Compact { revision: i64, physical: bool });
message!(Grant { lease: i64, ttl: i64 });
message!(Lease { lease: i64 });
message!(TimeToLive { lease: i64, keys: bool });
message!(Nothing {});
message!(HashKv { revision: i64 });

/// An operation of a transaction.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    Range(Range),
    Put(Put),
    Delete(Delete),
    Txn(Txn),
    /// An operation in which the client set nothing.
    Missing(Nothing),
}

/// A compare: the interval, the relation and what is compared.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// First key.
    pub key: Text,
    /// End of the interval; empty for a single key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub range_end: Text,
    /// etcd's number of the relation: 0 equal, 1 greater, 2 less, 3 not equal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub result: i32,
    /// What is compared with what.
    pub target: Target,
}

/// The side of a compare that the client gives.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    Version(i64),
    Create(i64),
    Mod(i64),
    Value(Text),
    Lease(i64),
    Unknown(Nothing),
}
