//! Hashes: members with the same history have the same hash.

use std::collections::BTreeMap;

use braid_core::api::Response;

use crate::history::{History, Operation};
use crate::verdict::{Check, Verdict};

/// Compares all hashes of one revision that were taken with one compaction behind them.
pub fn check(history: &History, verdict: &mut Verdict) {
    let mut hashes: BTreeMap<(i64, i64), (&Operation, u32, u64)> = BTreeMap::new();
    for operation in &history.operations {
        let Some(Response::HashKv { hash, compact_revision, hash_revision, .. }) =
            operation.response()
        else {
            continue;
        };
        let of = (*hash_revision, *compact_revision);
        let (first, wanted, count) = hashes.entry(of).or_insert((operation, *hash, 0));
        *count += 1;
        if *count > 1 {
            verdict.examine(Check::HashEqual);
        }
        if hash != wanted {
            let how = format!(
                "revision {hash_revision}: {:?} has {wanted:#x}, {:?} has {hash:#x}",
                first.member, operation.member
            );
            verdict.violate(Check::HashEqual, &[first.ended.line, operation.ended.line], how);
        }
    }
    let single = hashes.values().filter(|(_, _, count)| *count == 1).count();
    if single > 0 {
        verdict.leave(format!("{single} hashes that have no other to compare with"));
    }
}
