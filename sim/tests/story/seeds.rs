//! Seeds that must hold: fixed ones, and fresh ones in every run.

use std::time::{SystemTime, UNIX_EPOCH};

use braid_sim::story::{Plan, run};

/// Seeds that found something, as far as they still tell the same story: a judge that wanted to be
/// told what a compaction had taken; a transaction that reads an older revision beside a compaction
/// that other cores had heard of first; a judge that took the end of a watcher for its progress.
const FOUND: [u64; 3] =
    [1_795_286_211_145_599_437, 1_795_290_946_827_387_275, 1_795_295_395_933_548_300];
const FIXED: u64 = 300;
const FRESH: u64 = 150;

/// Runs all of them, so that the message names every seed that fails.
fn hold(seeds: impl Iterator<Item = u64>) {
    let mut failures = Vec::new();
    for seed in seeds {
        if let Err(failure) = run(&Plan::draw(seed)) {
            failures.push(format!("seed {seed}: {failure}"));
        }
    }
    let replay = "replay: cargo run --release -p braid-sim -- --seed SEED";
    assert!(failures.is_empty(), "{}\n{replay}", failures.join("\n\n"));
}

#[test]
fn fixed_seeds_hold() {
    hold(FOUND.into_iter().chain(0..FIXED));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "fresh seeds come from the clock")]
fn fresh_seeds_hold() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = since.as_nanos() as u64;
    println!("seeds from {first}");
    hold(first..first + FRESH);
}
