//! Good histories with one thing changed: what the change must be caught by, and how often it is.

#![expect(clippy::ptr_arg, reason = "all changes have one type, also those that add no line")]

mod answers;
mod leases;
mod watches;

use braid_judge::model::random::Random;
use braid_judge::wire::Line;

use crate::support::judge_lines;
use crate::world::history;

/// Changes one thing, if the history has a place for that.
type Change = fn(&mut Vec<Line>, &mut Random) -> bool;

/// A way to spoil a history.
struct Mutation {
    name: &'static str,
    change: Change,
    /// Each one must be caught; of others it depends on what else was seen.
    always: bool,
}

const fn always(name: &'static str, change: Change) -> Mutation {
    Mutation { name, change, always: true }
}

const fn often(name: &'static str, change: Change) -> Mutation {
    Mutation { name, change, always: false }
}

const MUTATIONS: &[Mutation] = &[
    always("an event is dropped", watches::drop_event),
    always("an event comes twice", watches::repeat_event),
    always("two revisions are swapped for a watcher", watches::swap_revisions),
    always("a revision's events are split", watches::split_revision),
    always("an event has another value", watches::change_value),
    always("an event has another version", watches::change_version),
    always("a put is told as a delete", watches::change_kind),
    always("a previous pair has another value", watches::change_previous),
    always("progress runs ahead", watches::progress_ahead),
    always("an event is told before it is written", watches::tell_early),
    always("a watcher hears of a key it has not asked for", watches::foreign_key),
    always("a count is wrong", answers::change_count),
    always("a read pair is missing", answers::drop_pair),
    always("a read value is wrong", answers::change_value),
    always("a read version is wrong", answers::change_version),
    always("a read create revision is wrong", answers::change_create_revision),
    always("a read of the past", answers::stale_read),
    always("a transaction takes the other branch", answers::change_branch),
    always("two writes swap revisions", answers::swap_revisions),
    always("a revision is skipped", answers::skip_revision),
    always("two writes share a revision", answers::share_revision),
    always("a number of deleted keys is wrong", answers::change_deleted),
    often("an acknowledged write is forgotten", answers::forget_write),
    often("a refusal becomes another", answers::change_refusal),
    always("a lease is over before its time", leases::early),
    always("a lease is there long after its time", leases::late),
    always("a lease is longer than granted", leases::change_granted),
    always("a lease comes back", leases::back),
];

const SEEDS: u64 = 25;
const STEPS: usize = 600;

#[test]
fn changes_of_good_histories_are_caught() {
    let mut missed = Vec::new();
    for mutation in MUTATIONS {
        let (mut tried, mut caught) = (0, 0);
        for seed in 0..SEEDS {
            let mut lines = history(seed, STEPS);
            if !(mutation.change)(&mut lines, &mut Random::new(seed)) {
                continue;
            }
            tried += 1;
            if judge_lines(&lines).violations().is_empty() {
                missed.push((mutation.name, seed));
            } else {
                caught += 1;
            }
        }
        println!("{caught:>3} of {tried:>3} caught: {}", mutation.name);
        assert!(tried >= 5, "{} was tried {tried} times only", mutation.name);
        assert!(caught * 2 >= tried, "{} is mostly missed", mutation.name);
    }
    let must =
        |name: &str| MUTATIONS.iter().any(|mutation| mutation.always && mutation.name == name);
    missed.retain(|(name, _)| must(name));
    assert!(missed.is_empty(), "not caught (change, seed): {missed:?}");
}

/// One of the places for which `find` has something.
fn pick<T>(
    lines: &[Line],
    random: &mut Random,
    find: impl Fn(usize, &Line) -> Option<T>,
) -> Option<T> {
    let all = lines.iter().enumerate().filter_map(|(place, line)| find(place, line));
    let mut all: Vec<T> = all.collect();
    if all.is_empty() {
        return None;
    }
    let chosen = random.below(all.len() as u64) as usize;
    Some(all.swap_remove(chosen))
}
