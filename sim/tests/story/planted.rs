//! Every bug on purpose is found within a bounded number of seeds.

use std::sync::Mutex;
use std::thread;

use braid_core::planted::{Bug, plant};
use braid_sim::failure::Failure;
use braid_sim::story::{Plan, run};

/// More seeds than this may not be needed.
const SEEDS_MAX: u64 = 1000;
const THREADS: usize = 2;
/// How rarely a bug strikes: often by turns, because some show only when they are rare.
const ONCE_IN: [u32; 4] = [1, 1, 4, 20];

struct Found {
    bug: Bug,
    seeds: u64,
    failure: Option<Failure>,
}

fn hunt(bug: Bug) -> Found {
    for seed in 0..SEEDS_MAX {
        let planted = plant(bug, ONCE_IN[seed as usize % ONCE_IN.len()]);
        let outcome = run(&Plan::draw(seed));
        drop(planted);
        if let Err(failure) = outcome {
            let without = run(&Plan::draw(seed));
            assert!(without.is_ok(), "seed {seed} fails without {bug:?}: {without:?}");
            return Found { bug, seeds: seed + 1, failure: Some(failure) };
        }
    }
    Found { bug, seeds: SEEDS_MAX, failure: None }
}

#[test]
fn every_planted_bug_is_found() {
    let chosen = std::env::var("BRAID_BUG").ok();
    let wanted = |bug: &Bug| chosen.as_ref().is_none_or(|name| format!("{bug:?}") == *name);
    let bugs = Mutex::new(Bug::ALL.iter().copied().filter(wanted).collect::<Vec<Bug>>());
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(bug) = bugs.lock().map_or(None, |mut bugs| bugs.pop()) {
                    let hunted = hunt(bug);
                    found.lock().unwrap().push(hunted);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|found| found.seeds);
    for Found { bug, seeds, failure } in &found {
        let promise = failure.as_ref().map_or("NOT FOUND", |failure| &failure.promise);
        println!("{:<26} {seeds:>4} seeds  {promise}", format!("{bug:?}"));
    }
    assert!(found.iter().all(|found| found.failure.is_some()), "some bugs are not found");
}
