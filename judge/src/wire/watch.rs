//! Watchers: what they ask for and what they are told.
#![expect(missing_docs, reason = "named as in etcd's messages, told in docs/history-format.md")]

use braid_core::api;
use braid_core::ids::{LeaseId, Revision};
use serde::{Deserialize, Serialize};

use super::{Kv, Text, is_default};

/// etcd's WatchCreateRequest.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Create {
    #[serde(skip_serializing_if = "is_default")]
    pub key: Text,
    #[serde(skip_serializing_if = "is_default")]
    pub range_end: Text,
    #[serde(skip_serializing_if = "is_default")]
    pub start_revision: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub progress_notify: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub no_put: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub no_delete: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub prev_kv: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub fragment: bool,
}

/// etcd's WatchResponse.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Told {
    #[serde(skip_serializing_if = "is_default")]
    pub revision: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub created: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub canceled: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub compact_revision: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub cancel_reason: String,
    #[serde(skip_serializing_if = "is_default")]
    pub fragment: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub events: Vec<Event>,
}

/// A change as watchers are told it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Whether the key was deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deleted: bool,
    /// The pair.
    pub kv: Kv,
    /// The pair before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_kv: Option<Kv>,
}

impl From<Create> for api::WatchCreate {
    fn from(create: Create) -> Self {
        Self {
            key: create.key.0,
            range_end: create.range_end.0,
            start_revision: create.start_revision,
            progress_notify: create.progress_notify,
            no_put: create.no_put,
            no_delete: create.no_delete,
            prev_kv: create.prev_kv,
            fragment: create.fragment,
            watch_id: 0,
        }
    }
}

impl From<&api::WatchCreate> for Create {
    fn from(create: &api::WatchCreate) -> Self {
        Self {
            key: Text(create.key.clone()),
            range_end: Text(create.range_end.clone()),
            start_revision: create.start_revision,
            progress_notify: create.progress_notify,
            no_put: create.no_put,
            no_delete: create.no_delete,
            prev_kv: create.prev_kv,
            fragment: create.fragment,
        }
    }
}

impl From<Told> for api::WatchResponse {
    fn from(told: Told) -> Self {
        Self {
            revision: Revision(told.revision),
            watch_id: 0,
            created: told.created,
            canceled: told.canceled,
            compact_revision: told.compact_revision,
            cancel_reason: told.cancel_reason,
            fragment: told.fragment,
            events: told.events.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&api::WatchResponse> for Told {
    fn from(response: &api::WatchResponse) -> Self {
        Self {
            revision: response.revision.0,
            created: response.created,
            canceled: response.canceled,
            compact_revision: response.compact_revision,
            cancel_reason: response.cancel_reason.clone(),
            fragment: response.fragment,
            events: response.events.iter().map(Into::into).collect(),
        }
    }
}

impl From<Event> for api::Event {
    fn from(Event { deleted, kv, prev_kv }: Event) -> Self {
        Self { deleted, kv: kv.into(), prev_kv: prev_kv.map(Into::into) }
    }
}

impl From<&api::Event> for Event {
    fn from(event: &api::Event) -> Self {
        let prev_kv = event.prev_kv.as_ref().map(Kv::from);
        Self { deleted: event.deleted, kv: Kv::from(&event.kv), prev_kv }
    }
}

impl From<Kv> for api::KeyValue {
    fn from(kv: Kv) -> Self {
        Self {
            key: kv.key.0,
            value: kv.value.0,
            create_revision: Revision(kv.create_revision),
            mod_revision: Revision(kv.mod_revision),
            version: kv.version,
            lease: LeaseId(kv.lease),
        }
    }
}

impl From<&api::KeyValue> for Kv {
    fn from(kv: &api::KeyValue) -> Self {
        Self {
            key: Text(kv.key.clone()),
            value: Text(kv.value.clone()),
            create_revision: kv.create_revision.0,
            mod_revision: kv.mod_revision.0,
            version: kv.version,
            lease: kv.lease.0,
        }
    }
}
