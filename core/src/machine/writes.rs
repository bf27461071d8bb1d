//! Writes whose shards all live on this core: evaluated when the log is free, then submitted
//! together (`commits.rs`), answered when the watermark has passed them.

use std::collections::VecDeque;
use std::time::Duration;

use braid_storage::ids::{GroupId, LeaseId, Revision};
use braid_storage::planted::{Bug, planted};

use super::Core;
use super::commits::{NOTE_AFTER, UnderWay};
use super::local_delete::LocalDelete;
use super::mail::ReplyTo;
use super::planned::{Change, Planned, plan};
use crate::api::{DeleteRangeRequest, PutRequest, TxnRequest};
use crate::error::Error;
use crate::evaluate::{Fetched, PlannedChange, State, Stop, footprint};
use crate::sequencer::CommitBatch;

/// A write that waits for its evaluation.
pub(super) struct PendingWrite {
    pub(super) to: ReplyTo,
    pub(super) request: WriteRequest,
    /// Values read from disk for it.
    pub(super) fetched: Fetched,
}

/// What may be evaluated as a write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WriteRequest {
    Put(PutRequest),
    DeleteRange(DeleteRangeRequest),
    Txn(TxnRequest),
}

/// The write queue of a core and the write under way.
#[derive(Default)]
pub(super) struct Writes {
    queue: VecDeque<PendingWrite>,
    /// Writes that name a lease whose end is under way.
    parked: Vec<PendingWrite>,
    /// A delete whose keys are being gathered; nothing else is evaluated meanwhile.
    pub(super) deleting: Option<LocalDelete>,
    /// What is on its way to the disk.
    pub(super) under_way: Option<UnderWay>,
    /// Payload bytes evaluated and not submitted.
    pub(super) batch_bytes: usize,
    /// Writes evaluated and not submitted.
    pub(super) batch_writes: usize,
    /// The watermark noted last in the log, and when the log fell silent.
    pub(super) noted: Revision,
    /// Nothing was written behind the last note: damage to what is before it shows as such.
    pub(super) ends_in_note: bool,
    pub(super) silent_since: Option<Duration>,
    /// Commits whose events are on their way into the mailboxes.
    pub(super) publishing: VecDeque<CommitBatch>,
}

impl Writes {
    /// When an idle log should note the watermark.
    pub(super) fn note_deadline(&self) -> Option<Duration> {
        self.silent_since.map(|since| since + NOTE_AFTER)
    }

    /// Nothing is on its way to the log, and its last frame notes this watermark.
    pub(super) fn is_at_rest(&self, applied: Revision) -> bool {
        let is_noted = self.ends_in_note && self.noted >= applied;
        is_noted && self.is_empty() && !self.log_is_busy()
    }

    /// Whether no write waits for its evaluation.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.deleting.is_none()
    }

    /// The write whose evaluation begins next; none while one is in the middle of it.
    pub(super) fn next(&self) -> Option<&WriteRequest> {
        let next = if self.deleting.is_none() { self.queue.front() } else { None };
        next.map(|write| &write.request)
    }

    pub(super) fn log_is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Writes that wait for their evaluation.
    pub(super) fn waiting_for_log(&self) -> usize {
        self.queue.len()
    }

    /// Writes that wait for anything before their evaluation.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.parked.len()
    }

    /// Writes that are on their way to the disk.
    pub(super) fn waiting_for_sync(&self) -> usize {
        self.under_way.as_ref().map_or(0, |under_way| under_way.writes)
    }
}

impl Core {
    /// Queues a write whose shards all live here.
    pub(super) fn queue_write(&mut self, write: PendingWrite) {
        self.writes.queue.push_back(write);
    }

    /// Writes that name `lease` need not wait any longer.
    pub(super) fn unpark_writes(&mut self) {
        for write in std::mem::take(&mut self.writes.parked).into_iter().rev() {
            self.writes.queue.push_front(write);
        }
    }

    /// Evaluates what has queued up and submits it, if the log is free. Returns whether it
    /// stopped only because its time was up.
    pub(super) fn run_writes(&mut self) -> bool {
        if self.writes.log_is_busy() {
            self.write_on();
            return false;
        }
        if self.epoch.0 == 0 {
            // An election's votes and barriers are all that is written before the reign.
            self.submit();
            return false;
        }
        if !self.gate.is_closed() {
            self.evaluate_some();
        }
        let full = self.writes.batch_bytes >= self.config.limits.write_bytes;
        let more =
            !(self.gate.is_closed() || self.writes.is_empty() || full || self.waits_for_room());
        if !more {
            self.submit();
            self.close_gate_if_asked();
        }
        more
    }

    fn evaluate_some(&mut self) {
        let mut budget = self.config.limits.evaluations_per_step;
        while budget > 0
            && self.writes.batch_bytes < self.config.limits.write_bytes
            && !self.waits_for_room()
        {
            let cost = if let Some(delete) = self.writes.deleting.take() {
                self.delete_locally(delete, budget)
            } else if let Some(write) = self.writes.queue.pop_front() {
                let cost = write.request.cost();
                self.evaluate(write);
                cost
            } else {
                return;
            };
            budget = budget.saturating_sub(cost);
        }
    }

    /// Evaluates one write in one piece; the number of its operations bounds a transaction, but for
    /// what ranges inside answer with, which is as large as the client asks for.
    fn evaluate(&mut self, write: PendingWrite) {
        // It may have queued up before the disk was full: the room left is for deletes.
        if self.lacks_space_for_write(&write.request) {
            return self.reply(write.to, Err(Error::NoSpace));
        }
        if leases_named(&write.request).iter().any(|lease| self.leases.is_closing(*lease)) {
            self.writes.parked.push(write);
            return;
        }
        if self.begin_local_delete(&write) {
            return;
        }
        // What evaluation sees: the newest state of these shards. An answer that changes nothing
        // waits until that state is readable.
        let bound = self.shards.last_taken().max(self.applied);
        let state = State { current: bound, ..self.read_state() };
        let leases = |lease: LeaseId| self.leases.lives(lease);
        let planned = match plan(&self.shards, &write, &state, &leases) {
            Ok(Planned::Nothing(response)) => Err(Ok(response)),
            Err(Stop::Error(error)) => Err(Err(error)),
            Err(Stop::Cold(values)) => return self.fetch_for_write(write, values),
            Ok(Planned::Change(change)) => Ok(change),
        };
        match planned {
            Ok(change) => self.carry_out(write.to, change),
            Err(answer) => self.waiters.hold(bound, write.to, answer),
        }
    }

    fn carry_out(&mut self, to: ReplyTo, change: Change<'_>) {
        let revision = self.sequencer.take(1);
        let (changes, response) = change.execute(&self.shards, revision);
        self.write_locally(revision, changes);
        let until = if planted(Bug::AcknowledgeBeforeWatermark) { self.applied } else { revision };
        self.waiters.hold(until, to, Ok(response));
    }

    /// Writes `changes` at a revision taken for them, one part so far.
    pub(super) fn write_locally(&mut self, revision: Revision, changes: Vec<PlannedChange>) {
        let participants = self.take_part(revision, changes, None);
        if participants > 1 {
            self.sequencer.adopt(revision, participants - 1);
        }
    }

    /// Hands each shard its changes of the write at `revision`; returns how many shards of this
    /// core take part. `participants`: all groups, if other cores take part too.
    pub(super) fn take_part(
        &mut self,
        revision: Revision,
        changes: Vec<PlannedChange>,
        participants: Option<&[GroupId]>,
    ) -> u32 {
        self.writes.batch_writes += 1;
        if let ([only], None) = (&changes[..], participants) {
            let shard = self.routing.shard_of(&only.key);
            self.write_to_shard(shard, revision, Vec::new(), changes);
            return 1;
        }
        let by_shard = self.split(changes);
        let own: Vec<GroupId> = by_shard.iter().map(|(group, _)| *group).collect();
        let alone = participants.is_none() && own.len() == 1;
        let all = participants.unwrap_or(&own);
        for (shard, changes) in by_shard {
            let participants = if alone { Vec::new() } else { all.to_vec() };
            self.write_to_shard(shard, revision, participants, changes);
        }
        own.len() as u32
    }

    fn write_to_shard(
        &mut self,
        shard: GroupId,
        revision: Revision,
        participants: Vec<GroupId>,
        changes: Vec<PlannedChange>,
    ) {
        self.writes.batch_bytes += changes.iter().map(PlannedChange::size).sum::<usize>();
        let events = &self.events;
        let interested = |key: &[u8]| events.interested(key);
        self.shards.write(shard, revision, participants, changes, &interested);
    }

    fn split(&self, changes: Vec<PlannedChange>) -> Vec<(GroupId, Vec<PlannedChange>)> {
        let mut by_shard: Vec<(GroupId, Vec<PlannedChange>)> = Vec::with_capacity(1);
        for change in changes {
            let group = self.routing.shard_of(&change.key);
            match by_shard.binary_search_by_key(&group, |(group, _)| *group) {
                Ok(at) => by_shard[at].1.push(change),
                Err(at) => by_shard.insert(at, (group, vec![change])),
            }
        }
        by_shard
    }
}

impl WriteRequest {
    /// What its evaluation costs, against that of one put.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Put(_) | Self::DeleteRange(_) => 1,
            Self::Txn(txn) => 1 + txn.compare.len() + txn.success.len().max(txn.failure.len()),
        }
    }
}

/// The leases that a write wants to attach keys to.
pub(super) fn leases_named(request: &WriteRequest) -> Vec<LeaseId> {
    match request {
        WriteRequest::Put(put) if put.lease == LeaseId(0) => Vec::new(),
        WriteRequest::Put(put) => vec![put.lease],
        WriteRequest::DeleteRange(_) => Vec::new(),
        WriteRequest::Txn(txn) => footprint::leases_named(txn),
    }
}
