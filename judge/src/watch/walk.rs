//! Goes through what one watcher was told, in step with what it should be told.

use std::collections::BTreeSet;
use std::ops::Range;

use braid_core::api::WatchResponse;

use super::expected::Expected;
use crate::compaction::Compactions;
use crate::history::{Told, Watcher};
use crate::model::Event;
use crate::verdict::{Check, Verdict};

/// How far a watcher has come.
pub struct Walk<'a> {
    pub(super) watcher: &'a Watcher,
    pub(super) domain: u64,
    pub(super) expected: &'a Expected<'a>,
    pub(super) compactions: &'a Compactions,
    /// The first expected event that is not behind it.
    pub(super) next: usize,
    /// Expected events that were passed over.
    pub(super) missed: BTreeSet<usize>,
    /// It was told that it had been told everything up to here.
    pub(super) bookmark: u64,
    /// The highest revision of an event so far.
    pub(super) told_to: u64,
    canceled: bool,
}

impl<'a> Walk<'a> {
    /// At the start.
    pub fn new(
        watcher: &'a Watcher,
        domain: u64,
        expected: &'a Expected<'a>,
        compactions: &'a Compactions,
    ) -> Self {
        let missed = BTreeSet::new();
        let (next, bookmark, told_to) = (0, 0, expected.from.saturating_sub(1));
        let canceled = false;
        Self { watcher, domain, expected, compactions, next, missed, bookmark, told_to, canceled }
    }

    /// The next thing that the watcher was told.
    pub fn take(&mut self, told: &Told, verdict: &mut Verdict) {
        let response = &told.response;
        let line = told.at.line;
        if self.canceled {
            self.violate(verdict, Check::WatchOrdered, line, "it is told more after its end");
        }
        for event in response.events.iter() {
            self.take_event(event, line, verdict);
        }
        if response.fragment && !self.watcher.create.fragment {
            self.violate(verdict, Check::WatchAtomic, line, "it has not asked for fragments");
        }
        if !response.events.is_empty() && !response.fragment {
            self.check_whole(line, verdict);
        }
        if is_progress(response) {
            self.take_progress(response.revision.0, line, verdict);
        }
        if response.compact_revision != 0 {
            self.take_compaction(response.compact_revision, line, verdict);
        }
        if response.canceled {
            self.take_end(told, verdict);
        }
    }

    /// The watcher is told nothing more. The first revision with something that it was not told,
    /// if it may still have been under way.
    pub fn finish(mut self, verdict: &mut Verdict) -> Option<u64> {
        let through = if self.canceled { 0 } else { self.watcher.through };
        let end = self.closed_line();
        let waited = |event: &Event| event.revision <= through;
        while self.due(end).is_some_and(|due| waited(self.expected.events[due])) {
            self.pass_over(self.next..self.next + 1, end);
            self.next += 1;
        }
        for event in std::mem::take(&mut self.missed) {
            self.report_missed(event, verdict);
        }
        let open = self.expected.events[self.due(end)?].revision;
        (!self.canceled).then_some(open)
    }

    /// The next event that it must be told, as far as was known at `line`.
    fn due(&self, line: u64) -> Option<usize> {
        (self.next..self.expected.events.len()).find(|event| !self.may_be_gone(*event, line))
    }

    /// Notes the events that it should have been told and was not.
    pub(super) fn pass_over(&mut self, events: Range<usize>, line: u64) {
        let missed: Vec<usize> = events.filter(|event| !self.may_be_gone(*event, line)).collect();
        self.missed.extend(missed);
    }

    /// A compaction leaves of a write only what the same write has not undone.
    fn may_be_gone(&self, event: usize, line: u64) -> bool {
        let event = self.expected.events[event];
        self.expected.is_undone(event)
            && self.compactions.possible(self.domain, line) >= event.revision as i64
    }

    fn closed_line(&self) -> u64 {
        self.watcher.closed.map_or(u64::MAX, |at| at.line)
    }

    fn report_missed(&self, event: usize, verdict: &mut Verdict) {
        let missed = self.expected.events[event];
        let check = if missed.revision <= self.expected.created {
            Check::WatchResumable
        } else {
            Check::WatchReliable
        };
        let line = self.watcher.closed.map_or(self.watcher.opened.line, |at| at.line);
        self.violate(verdict, check, line, &format!("it is never told {missed:?}"));
    }

    /// A response that is not a fragment ends behind a whole revision.
    fn check_whole(&self, line: u64, verdict: &mut Verdict) {
        let events = &self.expected.events;
        let Some(last) = self.next.checked_sub(1).and_then(|last| events.get(last)) else { return };
        if let Some(next) = self.due(line).map(|due| events[due])
            && next.revision == last.revision
        {
            let how = format!("a response ends within revision {}, before {next:?}", last.revision);
            self.violate(verdict, Check::WatchAtomic, line, &how);
        }
    }

    fn take_progress(&mut self, revision: u64, line: u64, verdict: &mut Verdict) {
        verdict.examine(Check::WatchBookmarkable);
        let due = self.missed.first().copied().or_else(|| self.due(line));
        if let Some(event) = due.map(|due| self.expected.events[due])
            && event.revision <= revision
        {
            let how = format!("progress to {revision} before it is told {event:?}");
            self.violate(verdict, Check::WatchBookmarkable, line, &how);
        }
        if revision < self.bookmark {
            let how = format!("progress goes back from {} to {revision}", self.bookmark);
            self.violate(verdict, Check::WatchBookmarkable, line, &how);
        }
        self.bookmark = self.bookmark.max(revision);
    }

    /// It ends: for a compaction, on its client's wish, or for the reason that is told.
    fn take_end(&mut self, told: &Told, verdict: &mut Verdict) {
        self.canceled = true;
        verdict.examine(Check::WatchEnds);
        let (line, reason) = (told.at.line, &told.response.cancel_reason);
        let asked = self.watcher.canceled.is_some_and(|asked| asked.line < line);
        if told.response.compact_revision != 0 || asked {
            return;
        }
        if reason.is_empty() {
            return self.violate(verdict, Check::WatchEnds, line, "it ends for no reason");
        }
        let number = self.watcher.number;
        verdict.leave(format!("what watch {number} was not told, as it was ended: {reason}"));
    }

    /// It ends because its next event is compacted: that must be so.
    fn take_compaction(&self, compacted: i64, line: u64, verdict: &mut Verdict) {
        verdict.examine(Check::WatchCompaction);
        let next = self.told_to.max(self.bookmark) as i64 + 1;
        let possible = self.compactions.possible(self.domain, line);
        if compacted > possible || next >= compacted {
            let how = format!(
                "it ends with a compaction to {compacted}, needs {next} and later; {possible} may be compacted"
            );
            self.violate(verdict, Check::WatchCompaction, line, &how);
        }
    }

    pub(super) fn violate(&self, verdict: &mut Verdict, check: Check, line: u64, how: &str) {
        let how = format!("watch {}: {how}", self.watcher.number);
        verdict.violate(check, &[self.watcher.opened.line, line], how);
    }
}

/// Whether all that this tells is how far a watcher has come.
pub(crate) fn is_progress(response: &WatchResponse) -> bool {
    response.events.is_empty()
        && !response.created
        && !response.canceled
        && response.compact_revision == 0
        && response.revision.0 != 0
}
