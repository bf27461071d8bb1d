//! Locks: never two holders while the first one's lease lives.

use std::collections::BTreeMap;

use crate::history::{History, Hold};
use crate::lease::Stories;
use crate::verdict::{Check, Verdict};
use crate::wire::Clock;

/// Checks all locks.
pub fn check(history: &History, stories: &Stories, verdict: &mut Verdict) {
    if history.holds.is_empty() {
        return;
    }
    if history.head.clock == Clock::Client {
        verdict.leave("locks: each client has a clock of its own");
        return;
    }
    let mut by_lock: BTreeMap<&str, Vec<&Hold>> = BTreeMap::new();
    for hold in &history.holds {
        by_lock.entry(&hold.lock).or_default().push(hold);
    }
    for holds in by_lock.values_mut() {
        holds.sort_by_key(|hold| hold.from.line);
        check_one(history, holds, stories, verdict);
    }
}

fn check_one(history: &History, holds: &[&Hold], stories: &Stories, verdict: &mut Verdict) {
    for (place, first) in holds.iter().enumerate() {
        verdict.examine(Check::LockExclusive);
        let end = first.until.map_or(u64::MAX, |until| until.line);
        let during = holds[place + 1..].iter().take_while(|second| second.from.line < end);
        for second in during {
            check_pair(history, [first, second], stories, verdict);
        }
    }
}

/// Both hold the lock: the first one's lease must have been over by then, or perhaps.
fn check_pair(
    history: &History,
    [first, second]: [&Hold; 2],
    stories: &Stories,
    verdict: &mut Verdict,
) {
    let Some(story) = stories.get(first.lease) else {
        verdict.leave(format!(
            "lock {:?}, held twice at line {}: nothing is known of lease {}",
            first.lock, second.from.line, first.lease
        ));
        return;
    };
    let line = second.from.line;
    let least_end = story.least_end(line, &history.restarts);
    if story.was_revoked_before(line) || least_end <= second.from.time {
        return;
    }
    let how = format!(
        "lock {:?} is held by client {} while client {} holds it and lease {} lives",
        first.lock, second.client, first.client, first.lease
    );
    verdict.violate(Check::LockExclusive, &[first.from.line, line], how);
}
