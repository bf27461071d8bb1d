//! Runs a test for many seeds, or for the one that is to be replayed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `test` for seeds below `seeds`, or for the one in `BRAID_SEED`; `BRAID_SEEDS` asks for
/// another number of them.
pub fn each_seed(name: &str, seeds: u64, test: impl Fn(u64)) {
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    let all = match number("BRAID_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BRAID_SEEDS").unwrap_or(seeds),
    };
    for seed in all {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!("replay: BRAID_SEED={seed} cargo test -p braid-sim --test member {name}");
            resume_unwind(panic);
        }
    }
}
