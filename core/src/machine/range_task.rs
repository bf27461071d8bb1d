//! A range over several keys: pages from every core that owns some of them, merged by key.
//!
//! Memory is bounded: one page per core and one chunk of the answer. An answer that does not fit
//! [`Limits::whole_answer_bytes`](crate::limits::Limits) and is wanted as one message is walked
//! twice, once for its size and once for its bytes; both walks see the same pinned revision.
//! What cannot be streamed is gathered, within a bound on what all ranges of the core gather.

use braid_storage::ids::{CoreId, Revision};

use super::Core;
use super::mail::{Mail, ReplyTo, TaskId};
use super::page::Page;
use super::range_merge::{RangeTask, Walk};
use super::range_source::Source;
use crate::api::{RangeRequest, Response, ScanId};
use crate::error::Error;
use crate::evaluate::range;
use crate::interval::Interval;

impl Core {
    /// Begins a range over several keys.
    pub(super) fn start_range(&mut self, to: ReplyTo, request: RangeRequest, interval: Interval) {
        let wanted = (request.revision > 0).then_some(Revision(request.revision as u64));
        let at = self.pin(wanted);
        let state = self.read_state();
        if let Err(error) = range::check(&request, &state) {
            self.publish_pins();
            return self.reply(to, Err(error));
        }
        let id = self.new_task();
        let cores =
            self.routing.owning_cores().map(|core| (core, Source::new(&interval))).collect();
        let task =
            RangeTask::new(to, request, interval, at, state.current, cores, &self.config.limits);
        self.reads.ranges.insert(id, task);
        self.run_range(id);
    }

    /// Takes a range as far as it goes without waiting.
    fn run_range(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        task.merge();
        self.reads.gathered_bytes += task.gathered_bytes() - task.counted_bytes;
        task.counted_bytes = task.gathered_bytes();
        if self.reads.gathered_bytes > self.config.gathered_bytes {
            return self.fail_range(id, Error::TooManyRequests);
        }
        if task.is_complete() {
            match task.walk {
                Walk::Measure => task.restart(Walk::Stream),
                Walk::Gather | Walk::Stream => return self.finish_range(id),
            }
        } else if task.is_full() {
            if !task.must_be_measured() {
                return self.send_chunk(id);
            }
            self.reads.gathered_bytes -= std::mem::take(&mut task.counted_bytes);
            task.restart(Walk::Measure);
        }
        for (core, query) in task.questions() {
            self.mail(core, Mail::Page(id, Box::new(query)));
        }
    }

    pub(super) fn handle_page(&mut self, from: CoreId, id: TaskId, page: Result<Page, Error>) {
        match page {
            Err(error) => self.fail_range(id, error),
            Ok(page) => {
                if let Some(task) = self.reads.ranges.get_mut(&id) {
                    task.take_page(from, page);
                    self.run_range(id);
                }
            }
        }
    }

    pub(super) fn handle_range_next(&mut self, to: ReplyTo, scan: ScanId) {
        let id = TaskId(scan.0);
        match self.reads.ranges.get_mut(&id) {
            Some(task) => task.to = Some(to),
            // The scan failed between two chunks, or was never there.
            None => return self.reply(to, Err(Error::RequestCanceled)),
        }
        self.run_range(id);
    }

    fn send_chunk(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        if let Some(to) = task.to.take() {
            self.reads.gathered_bytes -= std::mem::take(&mut task.counted_bytes);
            let response = task.response(Some(ScanId(id.0)));
            self.reply(to, Ok(Response::Range(response)));
        }
    }

    fn finish_range(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        // A chunk that nobody has asked for yet waits.
        let Some(to) = task.to.take() else { return };
        let response = if task.in_key_order { Ok(task.response(None)) } else { task.sorted() };
        self.end_range(id);
        self.reply(to, response.map(Response::Range));
    }

    fn fail_range(&mut self, id: TaskId, error: Error) {
        if let Some(RangeTask { to: Some(to), .. }) = self.end_range(id) {
            self.reply(to, Err(error));
        }
    }

    /// Forgets a range and what it pinned and gathered.
    pub(super) fn end_range(&mut self, id: TaskId) -> Option<RangeTask> {
        let task = self.reads.ranges.remove(&id)?;
        self.reads.gathered_bytes -= task.counted_bytes;
        self.publish_pins();
        Some(task)
    }
}
