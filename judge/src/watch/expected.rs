//! What a watcher should be told.

use braid_core::api::{Event as WatchEvent, KeyValue};
use braid_core::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::history::Watcher;
use crate::model::{Event, Model, Pair, within};
use crate::order::Timeline;

/// Everything that a watcher should be told, in order.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// The first revision that it is about.
    pub from: u64,
    /// The revision at which it was created.
    pub created: u64,
    /// The last revision that is known.
    pub last: u64,
    /// The changes.
    pub events: Vec<&'a Event>,
    model: &'a Model,
}

impl<'a> Expected<'a> {
    /// For a watcher that was created at the revision `created`.
    pub fn of(watcher: &Watcher, created: u64, timeline: &'a Timeline) -> Self {
        let from = super::first_revision(watcher).unwrap_or(created + 1);
        let model = &timeline.model;
        let first = model.history().partition_point(|event| event.revision < from);
        let wanted = |event: &&Event| is_wanted(watcher, &event.key, event.put.is_none());
        let events = model.history()[first..].iter().filter(wanted).collect();
        Self { from, created, last: timeline.last(), events, model }
    }

    /// Whether the same write has changed the key again after this.
    pub fn is_undone(&self, event: &Event) -> bool {
        let changes = self.model.changes_at(event.revision);
        changes.iter().rfind(|change| change.key == event.key) != Some(event)
    }

    /// The pair before a change; none where a key begins, even if the same write has deleted it
    /// first.
    pub fn previous(&self, event: &Event) -> Option<KeyValue> {
        let begins = event.put.as_ref().is_some_and(|put| put.create_revision == event.revision);
        let before = self.model.pair_at(&event.key, event.revision - 1)?;
        (!begins).then(|| key_value(&event.key, before))
    }
}

/// Whether a watcher has asked for a change of this key and kind.
pub fn is_wanted(watcher: &Watcher, key: &[u8], deleted: bool) -> bool {
    let create = &watcher.create;
    let start: &[u8] = if create.key.is_empty() { b"\0" } else { &create.key };
    let left_out = if deleted { create.no_delete } else { create.no_put };
    within(key, start, &create.range_end) && !left_out
}

/// The pair as an event tells it.
pub fn pair_of(event: &Event) -> KeyValue {
    match &event.put {
        Some(pair) => key_value(&event.key, pair),
        None => KeyValue::tombstone(event.key.clone(), Revision(event.revision)),
    }
}

/// Whether two are about the same change.
pub fn is_same_change(told: &WatchEvent, event: &Event) -> bool {
    told.kv.mod_revision.0 == event.revision
        && told.kv.key == event.key
        && told.deleted == event.put.is_none()
}

fn key_value(key: &Bytes, pair: &Pair) -> KeyValue {
    KeyValue {
        key: key.clone(),
        value: pair.value.clone(),
        create_revision: Revision(pair.create_revision),
        mod_revision: Revision(pair.mod_revision),
        version: pair.version,
        lease: LeaseId(pair.lease),
    }
}
