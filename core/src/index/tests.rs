//! The index against the model, by random operations, and the promises worth a test of their own.

mod hash;
mod model;
mod twin;

use braid_storage::ids::LeaseId;
use proptest::prelude::*;

use crate::interval::Interval;
use twin::{Step, Twin, step};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn it_agrees_with_the_model(steps in prop::collection::vec(step(), 1..400)) {
        let mut twin = Twin::new();
        steps.iter().for_each(|step| twin.take(step));
        twin.finish();
    }
}

/// Deletes everything and compacts: nothing may be left, whatever was done before.
#[test]
fn what_was_deleted_leaves_nothing_behind() {
    let mut twin = Twin::new();
    for n in 0..3000u64 {
        let key = format!("key-{}", n * 7 % 1000).into_bytes();
        twin.take(&Step::Put(key, 20, n as i64 % 3, true, false));
    }
    (0..1000).for_each(|n| twin.take(&Step::Delete(format!("key-{n}").into_bytes(), false)));
    twin.put_next(b"last", 0);
    twin.compact(0, 100, 100);
    twin.finish();
    assert_eq!((twin.index.len(), twin.index.resident_bytes()), (1, 0));
    assert_eq!(twin.index.leases.acquire(LeaseId(99)), 1, "an old lease still has its number");
    assert_eq!(twin.index.segments.len(), 1, "a segment without values still has its number");
    assert_eq!(twin.model.versions.len(), 1);
}

#[test]
fn a_tombstone_at_the_compacted_revision_stays_until_the_next() {
    let mut twin = Twin::new();
    twin.put_next(b"k", 1);
    twin.take(&Step::Delete(b"k".to_vec(), false));
    twin.compact(0, 10, 1);
    let at = twin.revision;
    let mut seen = Vec::new();
    twin.index.changes(at, at, &mut |change| {
        seen.push((change.revision, change.found.is_none(), change.prev.is_none()));
        true
    });
    assert_eq!(seen, [(at, true, true)]);
    twin.put_next(b"other", 1);
    twin.compact(0, 10, 1);
    twin.finish();
    assert_eq!(twin.model.versions.len(), 1);
}

#[test]
fn a_hot_key_is_compacted_in_slices() {
    let mut twin = Twin::new();
    (0..5000).for_each(|_| twin.take(&Step::Put(b"hot".to_vec(), 3, 0, false, false)));
    let revision = twin.revision.previous();
    let mut slices = 0;
    loop {
        let progress = twin.index.compact(revision, 100);
        assert!(progress.dropped <= 100);
        slices += 1;
        if progress.finished {
            break;
        }
    }
    assert_eq!(slices, 50);
    twin.model.compact(revision);
    twin.finish();
}

#[test]
fn values_read_by_key_outlive_scanned_ones() {
    let mut twin = Twin::new();
    let keys: Vec<_> = (0..100u8).map(|n| vec![n]).collect();
    for key in &keys {
        twin.put_next(key, 100);
    }
    let wanted = |key: &[u8]| key[0].is_multiple_of(4);
    keys.iter().filter(|key| wanted(key)).for_each(|key| {
        assert!(twin.index.newest(key).is_some());
    });
    twin.index.evict(twin.index.resident_bytes() / 3, 1000);
    for (key, found) in twin.index.range_newest(&Interval::everything()) {
        assert!(found.value.bytes.is_some() || !wanted(key));
    }
    twin.evict(0, 10_000);
}
