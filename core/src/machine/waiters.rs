//! Answers that wait for the watermark.

use std::collections::VecDeque;

use braid_storage::ids::{CoreId, Revision};

use crate::api::Response;
use crate::cells::Cells;
use crate::error::Error;
use crate::machine::mail::ReplyTo;

type Answer = Result<Response, Error>;

/// Answers by the revision that must be readable before they leave.
#[derive(Default)]
pub(super) struct Waiters {
    /// Ascending by revision; equal ones in the order of arrival.
    queue: VecDeque<(Revision, ReplyTo, Answer)>,
    published: Option<Revision>,
}

impl Waiters {
    /// Holds `answer` back until the watermark reaches `revision`.
    pub(super) fn hold(&mut self, revision: Revision, to: ReplyTo, answer: Answer) {
        let at = self.queue.partition_point(|(waiting, ..)| *waiting <= revision);
        self.queue.insert(at, (revision, to, answer));
    }

    /// The answers that may leave at `watermark`.
    pub(super) fn release(&mut self, watermark: Revision) -> Vec<(ReplyTo, Answer)> {
        let ready = self.queue.partition_point(|(revision, ..)| *revision <= watermark);
        self.queue.drain(..ready).map(|(_, to, answer)| (to, answer)).collect()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The lowest revision waited for.
    pub(super) fn lowest(&self) -> Option<Revision> {
        self.queue.front().map(|(revision, ..)| *revision)
    }

    /// Publishes what the core waits for, if it changed.
    pub(super) fn publish(&mut self, cells: &Cells, core: CoreId, lowest: Option<Revision>) {
        if self.published != lowest {
            self.published = lowest;
            cells.publish_waiting(core, lowest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::CallId;

    #[test]
    fn answers_leave_in_revision_order_and_not_early() {
        let mut waiters = Waiters::default();
        for (revision, call) in [(5, 1), (3, 2), (5, 3)] {
            waiters.hold(
                Revision(revision),
                ReplyTo::Front(CallId(call)),
                Ok(Response::RangeClosed),
            );
        }
        assert!(waiters.release(Revision(2)).is_empty());
        assert_eq!(waiters.lowest(), Some(Revision(3)));
        let calls: Vec<_> = waiters.release(Revision(5)).into_iter().map(|(to, _)| to).collect();
        assert_eq!(calls, [2, 1, 3].map(|call| ReplyTo::Front(CallId(call))));
    }
}
