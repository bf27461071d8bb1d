//! From evaluated writes to the log, and from the log to the watermark: what was evaluated goes into
//! one write, and is committed when that is synced.

use std::time::Duration;

use braid_storage::ids::GroupId;
use braid_storage::planted::{Bug, planted};

use super::{Core, Output};
use crate::stages::Stage;

/// How long a log stays silent before the last watermark is noted in it.
pub(super) const NOTE_AFTER: Duration = Duration::from_millis(20);

/// Submissions that are durable once the log has no unwritten frames left. Large ones take several
/// writes, one after the other.
pub(super) struct UnderWay {
    submissions: Vec<(GroupId, u64)>,
    /// The write under way; `None` while the log waits for a segment.
    number: Option<u64>,
    /// How many writes of this core it carries.
    pub(super) writes: usize,
}

impl Core {
    /// Moves everything evaluated into one write of the log.
    pub(super) fn submit(&mut self) {
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
        let entry_bytes = self.config.limits.entry_bytes;
        let mut submissions = Vec::new();
        if let Some(control) = &mut self.control
            && let Some(number) =
                control.submit(epoch, watermark, &mut self.encoder, &mut self.log)?
        {
            submissions.push((GroupId::CONTROL, number));
        }
        for shard in self.shards.iter_mut() {
            if let Some(number) =
                shard.submit(epoch, watermark, entry_bytes, &mut self.encoder, &mut self.log)?
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
            self.writes.ends_in_note = false;
        } else if !self.writes.ends_in_note || self.writes.noted < self.applied {
            let since = *self.writes.silent_since.get_or_insert(self.now);
            if self.now >= since + NOTE_AFTER {
                self.log.push_note();
                self.writes.noted = self.applied;
                self.writes.ends_in_note = true;
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
