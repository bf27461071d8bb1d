//! Writes whose shards all live on this core: evaluated when the log is free, submitted together,
//! answered when the watermark has passed them.

use std::collections::VecDeque;
use std::time::Duration;

use braid_storage::ids::{GroupId, LeaseId, Revision};
use braid_storage::planted::{Bug, planted};

use super::mail::ReplyTo;
use super::planned::{Change, Planned, plan};
use super::{Core, Output};
use crate::api::{DeleteRangeRequest, PutRequest, TxnRequest};
use crate::evaluate::{Fetched, PlannedChange, State, Stop, footprint};
use crate::limits::{EVALUATIONS_PER_STEP, WRITE_BYTES_MAX};
use crate::sequencer::CommitBatch;
use crate::stages::Stage;

/// How long a log stays silent before the last watermark is noted in it.
const NOTE_AFTER: Duration = Duration::from_millis(20);

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
    /// What is on its way to the disk.
    under_way: Option<UnderWay>,
    /// Payload bytes evaluated and not submitted.
    batch_bytes: usize,
    /// Writes evaluated and not submitted.
    batch_writes: usize,
    /// The watermark noted last in the log, and when the log fell silent.
    noted: Revision,
    silent_since: Option<Duration>,
    /// Commits whose events are on their way into the mailboxes.
    publishing: VecDeque<CommitBatch>,
}

/// Submissions that are durable once the log has no unwritten frames left. Large ones take several
/// writes, one after the other.
struct UnderWay {
    submissions: Vec<(GroupId, u64)>,
    /// The write under way; `None` while the log waits for a segment.
    number: Option<u64>,
    /// How many writes of this core it carries.
    writes: usize,
}

impl Writes {
    /// When an idle log should note the watermark.
    pub(super) fn note_deadline(&self) -> Option<Duration> {
        self.silent_since.map(|since| since + NOTE_AFTER)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn log_is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Writes that wait for their evaluation.
    pub(super) fn waiting_for_log(&self) -> usize {
        self.queue.len()
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
            for _ in 0..EVALUATIONS_PER_STEP {
                if self.writes.batch_bytes >= WRITE_BYTES_MAX {
                    break;
                }
                let Some(write) = self.writes.queue.pop_front() else { break };
                self.evaluate(write);
            }
        }
        let more = !self.gate.is_closed()
            && !self.writes.queue.is_empty()
            && self.writes.batch_bytes < WRITE_BYTES_MAX;
        if !more {
            self.submit();
            self.close_gate_if_asked();
        }
        more
    }

    fn evaluate(&mut self, write: PendingWrite) {
        if leases_named(&write.request).iter().any(|lease| self.leases.is_closing(*lease)) {
            self.writes.parked.push(write);
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
        let participants = self.take_part(revision, changes, None);
        if participants > 1 {
            self.sequencer.adopt(revision, participants - 1);
        }
        let until = if planted(Bug::AcknowledgeBeforeWatermark) { self.applied } else { revision };
        self.waiters.hold(until, to, Ok(response));
    }

    /// Hands each shard its changes of the write at `revision`; returns how many shards of this
    /// core take part. `participants`: all groups, if other cores take part too.
    pub(super) fn take_part(
        &mut self,
        revision: Revision,
        changes: Vec<PlannedChange>,
        participants: Option<&[GroupId]>,
    ) -> u32 {
        let by_shard = self.split(changes);
        let own: Vec<GroupId> = by_shard.iter().map(|(group, _)| *group).collect();
        let alone = participants.is_none() && own.len() == 1;
        let all = participants.map_or(own.clone(), <[GroupId]>::to_vec);
        self.writes.batch_writes += 1;
        for (group, changes) in by_shard {
            self.writes.batch_bytes += changes.iter().map(PlannedChange::size).sum::<usize>();
            let participants = if alone { Vec::new() } else { all.clone() };
            let events = &self.events;
            let interested = |key: &[u8]| events.interested(key);
            let shard =
                self.shards.shard_mut(group).expect("a write is routed to its shards' core");
            shard.write(revision, participants, changes, &interested);
        }
        own.len() as u32
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

    /// Moves everything evaluated into one write of the log.
    fn submit(&mut self) {
        self.stopwatch.enter(Stage::Append);
        match self.submit_groups() {
            Ok(submissions) => {
                self.writes.batch_bytes = 0;
                let writes = std::mem::take(&mut self.writes.batch_writes);
                self.note_if_silent(!submissions.is_empty());
                if self.log.backlog_bytes() > 0 {
                    self.writes.under_way = Some(UnderWay { submissions, number: None, writes });
                    self.write_on();
                }
            }
            Err(error) => self.out.push_back(Output::Fatal(format!(
                "this member no longer leads its own groups: {error}; restart it"
            ))),
        }
    }

    fn submit_groups(&mut self) -> Result<Vec<(GroupId, u64)>, braid_raft::GroupError> {
        let (epoch, watermark) = (self.epoch, self.applied);
        let mut submissions = Vec::new();
        if let Some(control) = &mut self.control
            && let Some(number) =
                control.submit(epoch, watermark, &mut self.encoder, &mut self.log)?
        {
            submissions.push((GroupId::CONTROL, number));
        }
        for shard in self.shards.iter_mut() {
            if let Some(number) =
                shard.submit(epoch, watermark, &mut self.encoder, &mut self.log)?
            {
                submissions.push((shard.id(), number));
            }
        }
        Ok(submissions)
    }

    /// An idle log notes the last watermark soon after, so that a damaged end of the log cannot
    /// pass for a torn one.
    fn note_if_silent(&mut self, submitting: bool) {
        if submitting {
            self.writes.noted = self.applied;
            self.writes.silent_since = None;
        } else if self.writes.noted < self.applied {
            let since = *self.writes.silent_since.get_or_insert(self.now);
            if self.now >= since + NOTE_AFTER {
                self.log.push_note();
                self.writes.noted = self.applied;
                self.writes.silent_since = None;
            }
        }
    }

    /// Gives the log's next unwritten bytes to the driver, unless it waits for a segment.
    pub(super) fn write_on(&mut self) {
        let Some(under_way) = &mut self.writes.under_way else { return };
        if under_way.number.is_none()
            && let Some(write) = self.log.take_write(self.applied)
        {
            under_way.number = Some(write.number());
            self.out.push_back(Output::Write(write));
        }
    }

    /// A write is on disk. When it was the last of its submissions, they are committed: their
    /// events leave, then the commit is published.
    pub(super) fn handle_written(&mut self, number: u64) {
        self.log.written(number);
        let Some(mut under_way) = self.writes.under_way.take() else { return };
        under_way.number = None;
        if self.log.backlog_bytes() > 0 {
            self.writes.under_way = Some(under_way);
            self.write_on();
            return;
        }
        for (group, number) in under_way.submissions {
            self.persisted(group, number);
        }
        self.publish_commit();
    }

    fn persisted(&mut self, group: GroupId, number: u64) {
        if group == GroupId::CONTROL {
            self.control_persisted(number);
            return;
        }
        let (sequencer, events) = (&mut self.sequencer, &mut self.events);
        if let Some(shard) = self.shards.shard_mut(group) {
            let barriers = shard.persisted(number, &mut |write| {
                sequencer.committed(write.revision);
                events.committed(std::mem::take(&mut write.events));
            });
            self.barriers_committed(barriers);
        }
    }

    /// Publishes what was committed: after the events of it have left, if any go to other cores,
    /// and after what was committed before.
    pub(super) fn publish_commit(&mut self) {
        let sent = self.send_events();
        let batch = self.sequencer.end_batch();
        let waits = sent && !planted(Bug::PublishBeforeEvents);
        if waits || !self.writes.publishing.is_empty() {
            self.writes.publishing.push_back(batch);
            self.out.push_back(Output::Publish);
        } else {
            self.sequencer.publish(batch);
            self.advance();
        }
    }

    /// The mails before the oldest unanswered [`Output::Publish`] are in their mailboxes.
    pub(super) fn handle_publish(&mut self) {
        if let Some(batch) = self.writes.publishing.pop_front() {
            self.sequencer.publish(batch);
            self.advance();
        }
    }
}

pub(super) fn leases_named(request: &WriteRequest) -> Vec<LeaseId> {
    match request {
        WriteRequest::Put(put) if put.lease == LeaseId(0) => Vec::new(),
        WriteRequest::Put(put) => vec![put.lease],
        WriteRequest::DeleteRange(_) => Vec::new(),
        WriteRequest::Txn(txn) => footprint::leases_named(txn),
    }
}
