//! What watchers were told, against what happened: one check for each promise.

mod event;
mod expected;
mod walk;

use braid_core::api::WatchResponse;

use crate::compaction::Compactions;
use crate::history::{History, Watcher};
use crate::order::Timeline;
use crate::verdict::{Check, Verdict};
use expected::Expected;
pub(crate) use expected::is_wanted;
use walk::Walk;
pub(crate) use walk::is_progress;

/// Checks all watchers.
pub fn check(
    history: &History,
    timeline: &Timeline,
    compactions: &Compactions,
    verdict: &mut Verdict,
) {
    let mut tails = Vec::new();
    for watcher in &history.watchers {
        let domain = history.domain(watcher.client);
        if let Some(open) = check_one(watcher, domain, timeline, compactions, verdict) {
            tails.push(format!("{} from {open} on", watcher.number));
        }
    }
    if !tails.is_empty() {
        let shown = tails[..tails.len().min(5)].join(", ");
        verdict.leave(format!(
            "what {} watchers should have been told at their end, as they did not wait: watch {shown}",
            tails.len()
        ));
    }
}

/// Checks a watcher. The first revision that it should have been told about and was not, if
/// nothing says that it had the time.
fn check_one(
    watcher: &Watcher,
    domain: u64,
    timeline: &Timeline,
    compactions: &Compactions,
    verdict: &mut Verdict,
) -> Option<u64> {
    let Some(created) = created(watcher) else {
        check_never_created(watcher, verdict);
        return None;
    };
    check_start(watcher, compactions.certain(domain, watcher.opened.line), verdict);
    let expected = Expected::of(watcher, created, timeline);
    let mut walk = Walk::new(watcher, domain, &expected, compactions);
    for told in &watcher.told {
        walk.take(told, verdict);
    }
    walk.finish(verdict)
}

/// The revision at which a watcher began; `None` when it did not, or has asked for a revision
/// below 0 and never will.
fn created(watcher: &Watcher) -> Option<u64> {
    let begins = |response: &WatchResponse| response.created && !response.canceled;
    let told = watcher.told.iter().find(|told| begins(&told.response))?;
    (watcher.create.start_revision >= 0).then_some(told.response.revision.0)
}

/// The first revision that a watcher is about; `None` when it never began.
pub(crate) fn first_revision(watcher: &Watcher) -> Option<u64> {
    let created = created(watcher)?;
    let start = watcher.create.start_revision as u64;
    Some(if start == 0 { created + 1 } else { start })
}

fn check_never_created(watcher: &Watcher, verdict: &mut Verdict) {
    let events = watcher.told.iter().find(|told| !told.response.events.is_empty());
    if let Some(told) = events {
        let how = format!("watch {} has events and was never created", watcher.number);
        verdict.violate(Check::WatchOrdered, &[told.at.line], how);
    }
}

/// A watcher that begins with what is compacted is told nothing but that.
fn check_start(watcher: &Watcher, compacted: i64, verdict: &mut Verdict) {
    let start = watcher.create.start_revision;
    if start == 0 || start >= compacted {
        return;
    }
    verdict.examine(Check::WatchCompaction);
    let silent = |response: &WatchResponse| {
        response.created || response.canceled && response.compact_revision >= compacted
    };
    let other = watcher.told.iter().find(|told| !silent(&told.response));
    let never = watcher.through > 0 && !watcher.told.iter().any(|told| told.response.canceled);
    if other.is_some() || never {
        let how = format!(
            "watch {} starts at {start}, compacted to {compacted}, and is not told so: {other:?}",
            watcher.number
        );
        let line = other.map_or(watcher.opened.line, |told| told.at.line);
        verdict.violate(Check::WatchCompaction, &[line], how);
    }
}
