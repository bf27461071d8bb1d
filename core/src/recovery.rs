//! From the entries that the log still holds to the state that a member starts with.
//!
//! Two passes over the surviving entries. The *survey* learns the decisions of the control group
//! and which revisions are there, and finds the end of history. The *replay* applies every record
//! that counts: not void, and not beyond the end.

use std::collections::BTreeMap;

use braid_raft::Restored;
use braid_storage::ids::{Epoch, GroupId, LeaseId, Location, Revision};
use braid_storage::payload::{self, PayloadError};
use braid_storage::planted::{Bug, planted};
use braid_storage::record::{Action, Batch, Change, Control, ControlEntry, Record};
use braid_storage::recover::{GroupState, Recovered, RecoveredEntry};
use bytes::Bytes;

use crate::epoch::{Decision, Decisions, Found, Lost, end_of_history};
use crate::index::NewVersion;
use crate::shard::ShardState;

/// Why a member cannot start with what its log holds.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// An entry whose frame is sound does not decode.
    #[error(
        "group {group}, entry {index} at {location}: {source}; was it written by another version?"
    )]
    Payload {
        /// The group.
        group: GroupId,
        /// The raft index.
        index: u64,
        /// The segment and offset.
        location: Location,
        /// What is wrong.
        source: PayloadError,
    },
    /// A sound record cannot follow those before it.
    #[error(
        "group {group}, entry {index} at {location}: the record of revision {revision} contradicts \
         the ones before it; is the segment another member's, or was it edited?"
    )]
    Order {
        /// The group.
        group: GroupId,
        /// The raft index.
        index: u64,
        /// The segment and offset.
        location: Location,
        /// The record's.
        revision: Revision,
    },
    /// Acknowledged data is missing.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// Shards hold records, but the cluster's first entry is gone.
    #[error(
        "the log has records but not the cluster's first entry: a segment of core 0 is missing"
    )]
    NoGenesis,
}

/// The first pass.
#[derive(Default)]
pub struct Survey {
    genesis: Option<(u16, u64)>,
    decisions: Decisions,
    found: Vec<(Epoch, Found)>,
    /// Parts seen of each long record: (group, epoch, revision) to their number.
    parts: BTreeMap<(GroupId, Epoch, Revision), u32>,
}

/// What the survey learned.
pub struct Surveyed {
    /// The cluster's shard count and hash seed; `None` for a member that never served.
    pub genesis: Option<(u16, u64)>,
    /// The end of history.
    pub last: Revision,
    /// The last reign that was decided.
    pub last_epoch: Epoch,
    decisions: Decisions,
}

impl Survey {
    /// Takes the next surviving entry, in log order.
    ///
    /// # Errors
    /// When its payload does not decode.
    pub fn take(&mut self, entry: &RecoveredEntry) -> Result<(), RestoreError> {
        match decode(entry)? {
            Payload::Barrier => {}
            Payload::Batch(batch, _) => self.batch(entry.group, &batch),
            Payload::Control(ControlEntry::Records(batch)) => self.batch(entry.group, &batch),
            Payload::Control(ControlEntry::Decision(control)) => self.control(control),
        }
        Ok(())
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Genesis { shards, seed, .. } => self.genesis = Some((shards, seed)),
            Control::Epoch { epoch, base, .. } => self.decided(epoch, base),
            _ => {}
        }
    }

    /// A decision settles everything up to its base, so that need not be remembered.
    fn decided(&mut self, epoch: Epoch, base: Revision) {
        if self.decisions.push(Decision { epoch, base }) {
            self.found.retain(|(of, found)| *of >= epoch && found.revision > base);
            self.parts.retain(|(_, of, revision), _| *of >= epoch && *revision > base);
        }
    }

    fn batch(&mut self, group: GroupId, batch: &Batch) {
        for record in &batch.records {
            let void = self.decisions.void(batch.epoch, record.revision);
            let settled = self.decisions.last().is_some_and(|last| record.revision <= last.base);
            if !void && !settled {
                self.record(group, batch.epoch, record);
            }
        }
    }

    fn record(&mut self, group: GroupId, epoch: Epoch, record: &Record) {
        let revision = record.revision;
        if record.parts > 1 {
            let seen = self.parts.entry((group, epoch, revision)).or_default();
            *seen += 1;
            if *seen < record.parts {
                return;
            }
        }
        let participants = record.participants.clone();
        self.found.push((epoch, Found { revision, group, participants, whole: true }));
    }

    /// Finds the end of history. `durable` is the highest watermark that any frame notes.
    ///
    /// # Errors
    /// When history ends before something that was acknowledged.
    pub fn finish(self, durable: Revision) -> Result<Surveyed, RestoreError> {
        if self.genesis.is_none() && !self.found.is_empty() {
            return Err(RestoreError::NoGenesis);
        }
        let last = self.decisions.last().cloned().unwrap_or_default();
        let base = last.base.max(Revision::FRESH);
        let found = self.found.into_iter().map(|(_, found)| found).collect();
        let end = end_of_history(base, found, durable)?;
        let (genesis, decisions) = (self.genesis, self.decisions);
        Ok(Surveyed { genesis, last: end, last_epoch: last.epoch, decisions })
    }
}

/// The second pass, and in the end the member's state.
pub struct Replay {
    surveyed: Surveyed,
    /// By shard.
    shards: Vec<ShardState>,
    /// Bytes of values that each shard keeps in memory.
    value_bytes: usize,
    leases: BTreeMap<LeaseId, i64>,
    compacted: i64,
}

/// What a member starts with.
pub struct Restore {
    /// By shard.
    pub shards: Vec<ShardState>,
    /// The leases that live, with their times to live in seconds.
    pub leases: Vec<(LeaseId, i64)>,
    /// The last compacted revision; -1 when there was none.
    pub compacted: i64,
    /// The end of history.
    pub last: Revision,
    /// The last reign that was decided.
    pub last_epoch: Epoch,
    /// Where each group's log stands.
    pub groups: BTreeMap<GroupId, Restored>,
}

/// Evicted entries that a shard looks at after each batch of a replay.
const EVICTION_STEP: usize = 4096;

impl Replay {
    /// A replay into `shards` empty shards.
    #[must_use]
    pub fn new(surveyed: Surveyed, shards: u16, value_bytes: usize) -> Self {
        Self {
            surveyed,
            shards: (0..shards).map(|_| ShardState::default()).collect(),
            value_bytes: value_bytes / usize::from(shards.max(1)),
            leases: BTreeMap::new(),
            compacted: -1,
        }
    }

    /// Applies the next surviving entry, in log order.
    ///
    /// # Errors
    /// When its payload does not decode.
    pub fn take(&mut self, entry: &RecoveredEntry) -> Result<(), RestoreError> {
        match decode(entry)? {
            Payload::Barrier => {}
            Payload::Batch(batch, values) => self.batch(entry, &batch, &values)?,
            Payload::Control(ControlEntry::Records(batch)) => self.control_records(&batch),
            Payload::Control(ControlEntry::Decision(control)) => self.control(control),
        }
        Ok(())
    }

    fn counts(&self, epoch: Epoch, revision: Revision) -> bool {
        revision <= self.surveyed.last && !self.surveyed.decisions.void(epoch, revision)
    }

    fn batch(
        &mut self,
        entry: &RecoveredEntry,
        batch: &Batch,
        values: &Bytes,
    ) -> Result<(), RestoreError> {
        let values_at = payload::values_offset(&entry.payload).unwrap_or_default();
        let start = entry.location.plus(values_at);
        for record in &batch.records {
            let counts = self.counts(batch.epoch, record.revision);
            let Some(shard) = self.shards.get_mut(usize::from(entry.group.0)).filter(|_| counts)
            else {
                continue;
            };
            for change in &record.changes {
                if !admits(shard, record.revision, change) {
                    let (revision, location) = (record.revision, entry.location);
                    let RecoveredEntry { group, index, .. } = *entry;
                    return Err(RestoreError::Order { group, index, location, revision });
                }
                apply(shard, record.revision, change, start, values);
            }
            if shard.index().resident_bytes() > self.value_bytes {
                shard.index_mut().evict(self.value_bytes, EVICTION_STEP);
            }
        }
        Ok(())
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::LeaseGrant { lease, ttl } => {
                self.leases.insert(lease, ttl);
            }
            Control::LeaseRevoke { lease } => {
                self.leases.remove(&lease);
            }
            Control::Compact { revision } => {
                self.compacted = self.compacted.max(revision.0 as i64);
            }
            Control::Genesis { .. } | Control::Epoch { .. } => {}
        }
    }

    fn control_records(&mut self, batch: &Batch) {
        for record in &batch.records {
            let counts = self.counts(batch.epoch, record.revision);
            for change in record.changes.iter().filter(|_| counts) {
                if let Action::RevokeLease(lease) = change.action {
                    self.leases.remove(&lease);
                }
            }
        }
    }

    /// The member's state; `recovered` tells where the groups' logs stand.
    #[must_use]
    pub fn finish(mut self, recovered: &Recovered) -> Restore {
        if let Ok(revision) = u64::try_from(self.compacted) {
            for shard in &mut self.shards {
                shard.index_mut().compact(Revision(revision), usize::MAX);
            }
        }
        if planted(Bug::LoseDetachedLease) {
            self.leases
                .retain(|lease, _| self.shards.iter().any(|shard| shard.has_keys_of(*lease)));
        }
        Restore {
            shards: self.shards,
            leases: self.leases.into_iter().collect(),
            compacted: self.compacted,
            last: self.surveyed.last,
            last_epoch: self.surveyed.last_epoch,
            groups: recovered
                .groups
                .iter()
                .map(|(group, state)| (*group, restored(state)))
                .collect(),
        }
    }
}

fn restored(state: &GroupState) -> Restored {
    Restored {
        term: state.hard_state.term,
        vote: state.hard_state.vote,
        last_index: state.last_index,
        last_term: state.last_term,
    }
}

fn admits(shard: &ShardState, revision: Revision, change: &Change) -> bool {
    let live = match change.action {
        Action::Put { create_revision, version, .. } => Some((create_revision, version)),
        Action::Delete | Action::RevokeLease(_) => None,
    };
    shard.index().admits(revision, change.sub, live)
}

fn apply(
    shard: &mut ShardState,
    revision: Revision,
    change: &Change,
    values_start: Location,
    values: &Bytes,
) {
    match &change.action {
        Action::Put { create_revision, version, lease, value } => {
            let new = NewVersion {
                create_revision: *create_revision,
                version: *version,
                lease: *lease,
                location: values_start.plus(value.offset),
                len: value.len,
                crc: value.crc,
                bytes: value.slice(values),
            };
            shard.put(&change.key, revision, change.sub, new);
        }
        Action::Delete if planted(Bug::ResurrectDeletedKey) => {}
        Action::Delete => shard.delete(&change.key, revision, change.sub),
        Action::RevokeLease(_) => {}
    }
}

enum Payload {
    Barrier,
    Batch(Batch, Bytes),
    Control(ControlEntry),
}

fn decode(entry: &RecoveredEntry) -> Result<Payload, RestoreError> {
    let RecoveredEntry { group, index, location, .. } = *entry;
    let failed = |source| RestoreError::Payload { group, index, location, source };
    if entry.payload.is_empty() {
        return Ok(Payload::Barrier);
    }
    if entry.group == GroupId::CONTROL {
        return payload::decode_control(&entry.payload).map(Payload::Control).map_err(failed);
    }
    let (batch, values) = payload::decode_batch(&entry.payload).map_err(failed)?;
    Ok(Payload::Batch(batch, values))
}
