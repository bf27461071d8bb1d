//! A shard: its slice of the keyspace, the writes on their way into it, and its Raft group.
//!
//! A write passes through four stages, each in revision order: *evaluated* (it has its revision
//! and shows in the overlay), *submitted* (it is in an entry of the group, on its way to the log),
//! *committed* (the group says so), *applied* (the watermark has passed it, and the index shows
//! it). Nobody but evaluation sees a write that is not applied.

mod in_flight;
mod newest;
mod state;
mod submit;

use std::collections::VecDeque;

use bytes::Bytes;

use braid_raft::{Group, GroupError};
use braid_storage::ids::{GroupId, LeaseId, Revision};

use crate::api::{Event, KeyValue};
use crate::evaluate::{PlannedAction, PlannedChange};
use crate::index::{Index, NewVersion};
use crate::overlay::{InFlight, Overlay};
use crate::version::Found;
use crate::watch::{LiveEvent, Prev};

use in_flight::{Action, Change};
pub use in_flight::{Interested, Write};
pub use state::ShardState;

/// One shard of this core.
pub struct Shard {
    group: Group,
    state: ShardState,
    overlay: Overlay,
    /// Writes that are not applied yet, in revision order.
    writes: VecDeque<Write>,
    /// How many of them are submitted.
    submitted: usize,
    /// How many of them are committed.
    committed: usize,
    /// The newest revision that was evaluated here.
    last_taken: Revision,
}

impl Shard {
    /// A shard as recovery found it.
    #[must_use]
    pub fn new(group: Group, state: ShardState, last: Revision) -> Self {
        Self {
            group,
            state,
            overlay: Overlay::default(),
            writes: VecDeque::new(),
            submitted: 0,
            committed: 0,
            last_taken: last,
        }
    }

    /// The shard's name.
    #[must_use]
    pub fn id(&self) -> GroupId {
        self.group.id()
    }

    /// The group, for what concerns leadership.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The committed and applied state.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.state.index
    }

    /// The same, for compaction and the value cache.
    pub fn index_mut(&mut self) -> &mut Index {
        &mut self.state.index
    }

    /// What is evaluated and not applied.
    #[must_use]
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// The newest revision evaluated here.
    #[must_use]
    pub fn last_taken(&self) -> Revision {
        self.last_taken
    }

    /// Asks the group to elect this member.
    ///
    /// # Errors
    /// When raft refuses.
    pub fn campaign(&mut self) -> Result<(), GroupError> {
        self.group.campaign()
    }

    /// The newest version of `key`, in flight ones included.
    #[must_use]
    pub fn newest(&self, key: &[u8]) -> Option<Found<'_>> {
        match self.overlay.get(key) {
            Some(version) => version.found(),
            None => self.state.index.newest(key),
        }
    }

    /// The committed keys attached to `lease`, in order.
    pub fn attached(&self, lease: LeaseId) -> impl Iterator<Item = &[u8]> {
        self.state.attachments.keys(lease)
    }

    /// The keys attached to `lease` in the newest state, in order.
    #[must_use]
    pub fn attached_newest(&self, lease: LeaseId) -> Vec<Vec<u8>> {
        let of_lease =
            |version: &InFlight| version.put.as_ref().is_some_and(|(meta, _)| meta.lease == lease);
        let everything = crate::interval::Interval::everything();
        let in_flight = self.overlay.range(&everything).filter(|(_, version)| of_lease(version));
        let committed =
            self.state.attachments.keys(lease).filter(|key| self.overlay.get(key).is_none());
        let mut keys: Vec<Vec<u8>> =
            in_flight.map(|(key, _)| key.to_vec()).chain(committed.map(<[u8]>::to_vec)).collect();
        keys.sort();
        keys
    }

    /// Takes an evaluated write in. `interested` tells who watches a key; their events are made
    /// now, because the version before is at hand now.
    pub fn write(
        &mut self,
        revision: Revision,
        participants: Vec<GroupId>,
        changes: Vec<PlannedChange>,
        interested: &dyn Fn(&[u8]) -> Interested,
    ) {
        assert!(revision > self.last_taken, "revisions of a shard only grow: {revision}");
        self.last_taken = revision;
        let mut write = Write::new(revision, participants, changes.len());
        // Before the first change shows: the pair before an event is the one before the whole write.
        for planned in &changes {
            let watchers = interested(&planned.key);
            if !watchers.is_empty() {
                let event = live_event(revision, planned, self.newest(&planned.key));
                write.events.push((watchers, event));
            }
        }
        for planned in changes {
            let change = Change::new(revision, planned);
            self.overlay.insert(change.key.clone(), change.in_flight(revision));
            write.changes.push(change);
        }
        self.writes.push_back(write);
    }

    /// Whether evaluated writes wait to be submitted.
    #[must_use]
    pub fn has_unsubmitted(&self) -> bool {
        self.submitted < self.writes.len()
    }

    /// The log has synced everything up to this number of [`Self::submit`]: hands each write that
    /// is committed by it to `committed`, in revision order. Returns how many barriers of new
    /// terms were committed.
    pub fn persisted(&mut self, number: u64, committed: &mut dyn FnMut(&mut Write)) -> usize {
        self.group.persisted(number);
        let mut entries = Vec::new();
        self.group.poll_committed(&mut entries);
        let Some(last) = entries.last() else { return 0 };
        while self.committed < self.submitted && self.writes[self.committed].index <= last.index {
            committed(&mut self.writes[self.committed]);
            self.committed += 1;
        }
        entries.iter().filter(|entry| entry.payload.is_empty()).count()
    }

    /// The first committed revision that is not applied, if there is one.
    #[must_use]
    pub fn next_to_apply(&self) -> Option<Revision> {
        (self.committed > 0).then(|| self.writes[0].revision)
    }

    /// Moves committed writes up to `watermark` into the index. In one piece, however large they
    /// are: whoever reads the newest state next must see each of them as a whole.
    pub fn apply(&mut self, watermark: Revision) {
        while self.committed > 0 && self.writes[0].revision <= watermark {
            let Some(write) = self.writes.pop_front() else { return };
            self.committed -= 1;
            self.submitted -= 1;
            for change in write.changes {
                self.apply_change(write.revision, change);
            }
        }
    }

    fn apply_change(&mut self, revision: Revision, change: Change) {
        self.overlay.applied(&change.key, revision, change.sub);
        match change.action {
            Action::Put { meta, value, location, crc } => {
                let version = NewVersion {
                    create_revision: meta.create_revision,
                    version: meta.version,
                    lease: meta.lease,
                    location,
                    len: value.len() as u32,
                    crc,
                    bytes: Some(&value),
                };
                self.state.put(&change.key, revision, change.sub, version);
            }
            Action::Delete => {
                self.state.delete(&change.key, revision, change.sub);
            }
        }
    }
}

fn live_event(revision: Revision, planned: &PlannedChange, before: Option<Found<'_>>) -> LiveEvent {
    let key = &planned.key;
    let meta = planned.action.meta(revision);
    let (deleted, kv) = match &planned.action {
        PlannedAction::Put { value, .. } => {
            (false, KeyValue::new(key.clone(), value.clone(), meta))
        }
        PlannedAction::Delete => (true, KeyValue::tombstone(key.clone(), revision)),
    };
    let created = !deleted && meta.create_revision == revision;
    let (prev, prev_kv) = match before.filter(|_| !created) {
        None => (Prev::None, None),
        Some(Found { value, meta, .. }) => match value.bytes {
            None if value.len > 0 => (Prev::Cold, None),
            bytes => {
                let value = Bytes::copy_from_slice(bytes.unwrap_or_default());
                (Prev::Resident, Some(KeyValue::new(key.clone(), value, meta)))
            }
        },
    };
    LiveEvent { revision, sub: planned.sub, event: Event { deleted, kv, prev_kv }, prev }
}
