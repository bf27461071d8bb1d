//! A write between its evaluation and its application.

use braid_storage::ids::{GroupId, Revision};
use bytes::Bytes;

use crate::evaluate::{PlannedAction, PlannedChange};
use crate::kv_list::KvMeta;
use crate::overlay::InFlight;
use crate::version::Location;
use crate::watch::LiveEvent;

/// About what a change takes in the log beside its key and value.
const CHANGE_BYTES: usize = 64;

/// The cores that watch a key, as a set of core numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interested(Vec<u16>);

impl Interested {
    /// Adds a core.
    pub fn insert(&mut self, core: u16) {
        if !self.0.contains(&core) {
            self.0.push(core);
        }
    }

    /// Whether nobody watches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cores.
    pub fn cores(&self) -> impl Iterator<Item = u16> {
        self.0.iter().copied()
    }
}

/// One write's part in one shard.
#[derive(Debug)]
pub struct Write {
    /// Its revision.
    pub revision: Revision,
    /// All groups that take part; empty when this one is alone.
    pub(super) participants: Vec<GroupId>,
    /// What it changes, in order.
    pub(super) changes: Vec<Change>,
    /// Raft index of its last entry, once submitted.
    pub(super) index: u64,
    /// What the watchers of other places must hear when it is committed.
    pub events: Vec<(Interested, LiveEvent)>,
}

/// One change of one key, with the place of its value once that is known.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) sub: u32,
    pub(super) key: Bytes,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Put { meta: KvMeta, value: Bytes, location: Location, crc: u32 },
    Delete,
}

impl Write {
    pub(super) fn new(revision: Revision, participants: Vec<GroupId>, changes: usize) -> Self {
        let changes = Vec::with_capacity(changes);
        Self { revision, participants, changes, index: 0, events: Vec::new() }
    }
}

impl Change {
    pub(super) fn new(revision: Revision, planned: PlannedChange) -> Self {
        let meta = planned.action.meta(revision);
        let action = match planned.action {
            PlannedAction::Put { value, .. } => {
                let crc = crc32c::crc32c(&value);
                Action::Put { meta, value, location: Location::default(), crc }
            }
            PlannedAction::Delete => Action::Delete,
        };
        Self { sub: planned.sub, key: planned.key, action }
    }

    /// The change as the overlay holds it.
    pub(super) fn in_flight(&self, revision: Revision) -> InFlight {
        let put = match &self.action {
            Action::Put { meta, value, .. } => Some((*meta, value.clone())),
            Action::Delete => None,
        };
        InFlight { revision, sub: self.sub, put }
    }

    /// About how many bytes it takes in the log.
    pub(super) fn size(&self) -> usize {
        CHANGE_BYTES + self.key.len() + self.value_len()
    }

    /// Bytes of its value.
    pub(super) fn value_len(&self) -> usize {
        match &self.action {
            Action::Put { value, .. } => value.len(),
            Action::Delete => 0,
        }
    }
}
