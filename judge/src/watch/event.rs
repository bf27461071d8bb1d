//! One event that a watcher was told.

use braid_core::api::Event as WatchEvent;

use super::expected::{is_same_change, is_wanted, pair_of};
use super::walk::Walk;
use crate::model::Event;
use crate::verdict::{Check, Verdict};

impl Walk<'_> {
    /// The watcher is told of a change.
    pub(super) fn take_event(&mut self, event: &WatchEvent, line: u64, verdict: &mut Verdict) {
        let revision = event.kv.mod_revision.0;
        verdict.examine(Check::WatchFilters);
        if revision < self.expected.from || !is_wanted(self.watcher, &event.kv.key, event.deleted) {
            let how = format!("it has not asked for {event:?}");
            return self.violate(verdict, Check::WatchFilters, line, &how);
        }
        if revision <= self.bookmark {
            let how = format!("after progress to {} comes {event:?}", self.bookmark);
            self.violate(verdict, Check::WatchBookmarkable, line, &how);
        }
        self.told_to = self.told_to.max(revision);
        if revision <= self.expected.last {
            self.match_event(event, line, verdict);
        }
    }

    fn match_event(&mut self, event: &WatchEvent, line: u64, verdict: &mut Verdict) {
        self.examine(event, verdict);
        let same = |place: &usize| is_same_change(event, self.expected.events[*place]);
        let revision = event.kv.mod_revision.0;
        if let Some(missed) = self.missed.iter().copied().find(same) {
            self.missed.remove(&missed);
            let how = format!("out of order: {event:?}");
            return self.violate(verdict, Check::WatchOrdered, line, &how);
        }
        let later = self.revision_places(revision).filter(|place| *place >= self.next);
        let Some(place) = later.into_iter().find(same) else {
            let before = self.revision_places(revision).find(same).is_some();
            let (check, what) = match before {
                true => (Check::WatchUnique, "for the second time"),
                false => (Check::WatchTrue, "that never happened"),
            };
            return self.violate(verdict, check, line, &format!("{what}: {event:?}"));
        };
        self.pass_over(self.next..place, line);
        self.next = place + 1;
        self.compare(event, self.expected.events[place], line, verdict);
    }

    /// Where the expected events of a revision are.
    fn revision_places(&self, revision: u64) -> std::ops::Range<usize> {
        let events = &self.expected.events;
        let start = events.partition_point(|event| event.revision < revision);
        let end = events.partition_point(|event| event.revision <= revision);
        start..end
    }

    fn compare(&self, told: &WatchEvent, event: &Event, line: u64, verdict: &mut Verdict) {
        let wanted = pair_of(event);
        if told.kv != wanted {
            let how = format!("{:?}\nis not {wanted:?}", told.kv);
            self.violate(verdict, Check::WatchTrue, line, &how);
        }
        let previous = self.expected.previous(event).filter(|_| self.watcher.create.prev_kv);
        // The pair before is read at the revision before, which may be compacted by now.
        let possible = self.compactions.possible(self.domain, line);
        let excused = told.prev_kv.is_none() && possible >= event.revision as i64;
        if told.prev_kv != previous && !excused {
            let how = format!("{told:?}\nwith the pair before it, {previous:?}");
            self.violate(verdict, Check::WatchPrevKv, line, &how);
        }
    }

    fn examine(&self, event: &WatchEvent, verdict: &mut Verdict) {
        let revision = event.kv.mod_revision.0;
        for check in [Check::WatchOrdered, Check::WatchUnique, Check::WatchTrue] {
            verdict.examine(check);
        }
        let past = revision <= self.expected.created;
        verdict.examine(if past { Check::WatchResumable } else { Check::WatchReliable });
        if self.watcher.create.prev_kv {
            verdict.examine(Check::WatchPrevKv);
        }
        if self.revision_places(revision).len() > 1 {
            verdict.examine(Check::WatchAtomic);
        }
    }
}
