//! The index with a hundred thousand keys.

use std::hint::black_box;

use braid_core::ids::{LeaseId, Revision, SegmentId};
use braid_core::index::{Index, NewVersion};
use braid_core::interval::{End, Interval};
use braid_core::version::Location;
use bytes::Bytes;

use super::hot_section;

const KEYS: u64 = 100_000;

/// The newest version of a key.
pub fn lookup(times: u64) {
    let index = filled();
    hot_section(|| {
        for n in 0..times {
            black_box(index.newest(&key(scatter(n))));
        }
    });
}

/// How many keys an interval has.
pub fn count(times: u64) {
    let index = filled();
    hot_section(|| {
        for n in 0..times {
            let (a, b) = (key(scatter(n)), key(scatter(n + times)));
            let (start, end) = if a < b { (a, b) } else { (b, a) };
            let end = End::Before(Bytes::copy_from_slice(&end));
            let interval = Interval { start: Bytes::copy_from_slice(&start), end };
            black_box(index.count_newest(&interval));
        }
    });
}

/// A new version of a key that is there.
pub fn put(times: u64) {
    let mut index = filled();
    hot_section(|| {
        for n in 0..times {
            put_one(&mut index, scatter(n), KEYS + 2 + n, 2);
        }
    });
}

fn filled() -> Index {
    let mut index = Index::new();
    for n in 0..KEYS {
        put_one(&mut index, n, n + 2, 1);
    }
    index
}

fn put_one(index: &mut Index, n: u64, revision: u64, version: u64) {
    let version = NewVersion {
        create_revision: Revision(n + 2),
        version,
        lease: LeaseId(0),
        location: Location { segment: SegmentId(revision / 10_000), offset: revision as u32 },
        len: 256,
        crc: revision as u32,
        bytes: None,
    };
    index.put(&key(n), Revision(revision), 0, version);
}

fn key(n: u64) -> [u8; 32] {
    let mut key = *b"/registry/pods/0000000000000000-";
    for (digit, place) in key[15..31].iter_mut().rev().zip(0..) {
        *digit = b'0' + (n / 10_u64.pow(place) % 10) as u8;
    }
    key
}

/// The keys out of order, always in the same way.
fn scatter(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % KEYS
}
