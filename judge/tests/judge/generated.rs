//! Histories that are right by construction pass, and put every check but two to the test.

use std::collections::BTreeMap;

use braid_judge::verdict::Check;

use crate::support::judge_lines;
use crate::world::history;

const SEEDS: u64 = 60;
const STEPS: usize = 1500;

/// Locks and hashes are not part of the made-up server.
const ELSEWHERE: [Check; 2] = [Check::LockExclusive, Check::HashEqual];

#[test]
fn good_histories_pass() {
    let mut examined: BTreeMap<Check, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let verdict = judge_lines(&history(seed, STEPS));
        assert!(verdict.is_good(), "seed {seed}\n{verdict}");
        for check in Check::ALL {
            *examined.entry(*check).or_default() += verdict.examined(*check);
        }
    }
    println!("{examined:#?}");
    for (check, count) in examined {
        assert!(count > 0 || ELSEWHERE.contains(&check), "{check} was never put to the test");
    }
}
