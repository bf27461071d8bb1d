//! HashKV against the answers that etcd 3.7.1 gave after the same writes.

use braid_storage::ids::{LeaseId, Revision};

use super::twin::Twin;
use crate::index::hash_kv::Hasher;
use crate::index::{HashScope, Index};
use crate::interval::Interval;

/// The checksum as a member with one shard answers it.
fn hash(index: &Index, upto: u64, compacted: u64) -> u32 {
    let (upto, compacted) = (Revision(upto), Revision(compacted));
    let nothing_lives = index.count(&Interval::everything(), upto) == 0;
    let mut hasher = Hasher::new();
    for id in index.records(HashScope { upto, compacted, nothing_lives }) {
        let record = index.record(id).expect("nothing was compacted meanwhile");
        match record.found {
            Some(found) => {
                let value = found.value.bytes.expect("all values are in memory");
                hasher.put(record.key, found.sub, &found.meta, value);
            }
            None => hasher.delete(record.key, id.revision, id.sub),
        }
    }
    hasher.finish()
}

/// Puts one version, the only change of its write.
fn put(index: &mut Index, key: &[u8], revision: u64, meta: (u64, u64, i64), value: &[u8]) {
    let (create_revision, version, lease) = meta;
    let version = crate::index::NewVersion {
        create_revision: Revision(create_revision),
        version,
        lease: LeaseId(lease),
        location: crate::version::Location::default(),
        len: value.len() as u32,
        crc: crc32c::crc32c(value),
        bytes: Some(value),
    };
    index.put(key, Revision(revision), 0, version);
}

fn compact(index: &mut Index, revision: u64) {
    while !index.compact(Revision(revision), 2).finished {}
}

#[test]
fn the_checksums_are_those_of_etcd() {
    let mut index = Index::new();
    assert_eq!(hash(&index, 1, 0), 1_084_519_789);
    put(&mut index, b"a", 2, (2, 1, 0), b"one");
    put(&mut index, b"b", 3, (3, 1, 4242), &[b'x'; 300]);
    put(&mut index, b"c", 4, (4, 1, 0), b"");
    put(&mut index, b"a", 5, (2, 2, 0), b"two");
    assert_eq!(hash(&index, 5, 0), 786_303_338);
    put(&mut index, b"d", 6, (6, 1, 0), b"dd");
    index.delete(b"b", Revision(6), 1);
    index.delete(b"c", Revision(6), 2);
    assert_eq!(hash(&index, 6, 0), 1_897_163_239);
    assert_eq!(hash(&index, 4, 0), 2_485_789_772);
    put(&mut index, b"e", 7, (7, 1, 0), b"e");
    assert_eq!(hash(&index, 7, 0), 1_932_834_663);
    assert_eq!(hash(&index, 7, 6), 3_931_884_023);
    compact(&mut index, 6);
    assert_eq!(hash(&index, 7, 6), 3_931_884_023);
    for (sub, key) in [b"a", b"d", b"e"].into_iter().enumerate() {
        index.delete(key, Revision(8), sub as u32);
    }
    assert_eq!(hash(&index, 8, 6), 2_935_342_129);
    compact(&mut index, 8);
    assert_eq!(hash(&index, 8, 8), 1_084_519_789);
    put(&mut index, b"z", 9, (9, 1, 0), b"z");
    assert_eq!(hash(&index, 9, 8), 322_889_652);
}

#[test]
fn a_record_that_was_compacted_meanwhile_is_missing() {
    let mut twin = Twin::new();
    for n in 0..600u32 {
        twin.put_next(&n.to_be_bytes()[2..], 5);
    }
    (1..600u32).for_each(|n| twin.delete(&n.to_be_bytes()[2..], false));
    let upto = twin.revision;
    let scope = HashScope { upto, compacted: Revision(0), nothing_lives: false };
    let named = twin.index.records(scope);
    let held = |twin: &Twin| named.iter().filter(|id| twin.index.record(**id).is_some()).count();
    twin.put_next(b"other", 5);
    twin.compact(0, 10_000, 1);
    assert_eq!(held(&twin), 1, "one key lives, in the page of those that are gone");
    twin.delete(&[0, 0], false);
    twin.delete(b"other", false);
    twin.put_next(b"a longer key makes a page of another size out of an empty one", 5);
    twin.compact(0, 10_000, 1);
    assert_eq!(held(&twin), 0);
}
