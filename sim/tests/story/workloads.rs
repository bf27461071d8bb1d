//! Each workload alone: it does what it is for, and finds a bug on purpose.

use braid_core::planted::{Bug, plant};
use braid_judge::judge;
use braid_judge::reader::assemble;
use braid_judge::verdict::{Check, Verdict};
use braid_sim::story::{Plan, record, run};
use braid_sim::workload::Kind;

/// More seeds than this may not be needed.
const SEEDS_MAX: u64 = 200;

/// A story in which all clients are of one kind.
fn alone(kind: Kind, seed: u64) -> Plan {
    let mut plan = Plan::draw(seed);
    let lives = plan.lives.iter_mut();
    lives.flat_map(|life| &mut life.clients).for_each(|client| client.kind = kind);
    plan
}

fn verdict(plan: &Plan) -> Verdict {
    judge(&assemble(record(plan)).expect("the lines fit"), 200_000)
}

/// How a bug shows, within so many seeds; the same seed holds without it.
fn found(kind: Kind, bug: Bug, once_in: u32, shows: impl Fn(&Plan) -> bool) {
    for seed in 0..SEEDS_MAX {
        let plan = alone(kind, seed);
        let planted = plant(bug, once_in);
        let shown = shows(&plan);
        drop(planted);
        if shown {
            let without = run(&plan);
            assert!(without.is_ok(), "seed {seed} fails without {bug:?}: {without:?}");
            println!("{kind:?} finds {bug:?} within {} seeds", seed + 1);
            return;
        }
    }
    panic!("{kind:?} does not find {bug:?}");
}

fn fails(plan: &Plan) -> bool {
    run(plan).is_err()
}

#[test]
fn transfers_find_a_value_that_is_not_what_was_written() {
    found(Kind::Bank, Bug::TrustDisk, 1, fails);
}

#[test]
fn appends_find_an_answer_that_comes_too_early() {
    found(Kind::Append, Bug::AcknowledgeBeforeWatermark, 1, fails);
}

#[test]
fn a_cache_finds_a_watcher_that_nobody_woke() {
    let stale = |plan: &Plan| run(plan).is_err_and(|failure| failure.promise.contains("cache"));
    found(Kind::Kubernetes, Bug::ForgetWakeUp, 1, stale);
}

#[test]
fn locks_find_a_lease_that_ends_early() {
    let shared = |plan: &Plan| verdict(plan).breaks(Check::LockExclusive);
    found(Kind::Queue, Bug::ExpireLeaseEarly, 1, shared);
}

#[test]
fn locks_change_hands() {
    let held = |seed| verdict(&alone(Kind::Queue, seed)).examined(Check::LockExclusive);
    let all: u64 = (0..20).map(held).sum();
    assert!(all >= 50, "held {all} times");
}
