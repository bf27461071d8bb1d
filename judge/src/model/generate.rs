//! Random requests to a store, the same for the same seed: few keys, so that requests meet, and
//! every option with its edges, wrong ones included.

use braid_core::api::{
    CompactRequest, Compare, CompareTarget, DeleteRangeRequest, Delivery, Operation, PutRequest,
    RangeRequest, Request, TxnRequest,
};
use braid_core::ids::LeaseId;
use bytes::Bytes;

use super::random::Random;

const KEYS: [&[u8]; 12] =
    [b"a", b"aa", b"ab", b"b", b"ba", b"c", b"c\0", b"d", b"e", b"\0", b"\xff", b"\xff\xff"];
const VALUES: [&[u8]; 6] = [b"", b"u", b"v", b"w", b"ww", b"a longer value, to be told apart"];
const LEASES: [i64; 5] = [1, 2, 3, 7, -4];
/// Transactions inside transactions.
const DEPTH_MAX: usize = 3;

/// What a generator may know of the store that it makes requests for.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// The current revision.
    pub revision: u64,
    /// The last compacted revision; -1 when there was none.
    pub compacted: i64,
}

/// Makes requests.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
}

impl Generator {
    /// A generator that makes the same requests for the same seed and hints.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed) }
    }

    /// The next request: about keys or leases, never about parts of an answer or members. Lease
    /// ids are always given, never left to the server.
    pub fn request(&mut self, hints: Hints) -> Request {
        match self.random.below(100) {
            0..=24 => Request::Put(self.put()),
            25..=34 => Request::DeleteRange(self.delete()),
            35..=59 => Request::Range(self.range(hints)),
            60..=89 => Request::Txn(self.txn(hints, DEPTH_MAX)),
            90..=91 => Request::Compact(CompactRequest {
                revision: self.compact_revision(hints),
                physical: self.random.one_in(2),
            }),
            _ => self.lease_request(),
        }
    }

    fn lease_request(&mut self) -> Request {
        let lease = LeaseId(self.random.pick(&LEASES));
        match self.random.below(8) {
            0..=3 => {
                let ttl = self.random.pick(&[600, 1000, 3600, 9_000_000_000, 9_000_000_001]);
                Request::LeaseGrant { lease, ttl }
            }
            4..=5 => Request::LeaseRevoke { lease },
            6 => Request::LeaseKeepAlive { lease },
            _ => Request::LeaseTimeToLive { lease, keys: self.random.one_in(2) },
        }
    }

    /// A put.
    pub fn put(&mut self) -> PutRequest {
        let ignore_value = self.random.one_in(8);
        let ignore_lease = self.random.one_in(8);
        let with_value = !ignore_value || self.random.one_in(10);
        let with_lease = if ignore_lease { self.random.one_in(10) } else { self.random.one_in(4) };
        PutRequest {
            key: self.key(),
            value: if with_value { self.value() } else { Bytes::new() },
            lease: if with_lease { self.lease() } else { LeaseId(0) },
            prev_kv: self.random.one_in(3),
            ignore_value,
            ignore_lease,
        }
    }

    /// A delete.
    pub fn delete(&mut self) -> DeleteRangeRequest {
        DeleteRangeRequest {
            key: self.key(),
            range_end: self.range_end(2),
            prev_kv: self.random.one_in(2),
        }
    }

    /// A range.
    pub fn range(&mut self, hints: Hints) -> RangeRequest {
        let mut range = RangeRequest {
            key: self.key(),
            range_end: self.range_end(4),
            limit: if self.random.one_in(2) { self.random.between(-1, 5) } else { 0 },
            revision: if self.random.one_in(4) { self.revision(hints) } else { 0 },
            serializable: self.random.one_in(4),
            keys_only: self.random.one_in(6),
            count_only: self.random.one_in(10),
            delivery: Delivery::Whole,
            ..RangeRequest::default()
        };
        self.order(&mut range);
        if self.random.one_in(4) {
            self.filter(&mut range, hints);
        }
        range
    }

    fn order(&mut self, range: &mut RangeRequest) {
        if self.random.one_in(2) {
            range.sort_order = self.random.between(0, 2) as i32;
            range.sort_target = self.random.between(0, 4) as i32;
        }
        if self.random.one_in(100) {
            range.sort_order = self.random.pick(&[-1, 3]);
        }
        if self.random.one_in(100) {
            range.sort_target = self.random.pick(&[-1, 5]);
        }
    }

    fn filter(&mut self, range: &mut RangeRequest, hints: Hints) {
        for bound in [
            &mut range.min_mod_revision,
            &mut range.max_mod_revision,
            &mut range.min_create_revision,
            &mut range.max_create_revision,
        ] {
            if self.random.one_in(3) {
                *bound = self.revision(hints);
            }
        }
    }

    /// A transaction with at most `depth` levels of transactions inside.
    pub fn txn(&mut self, hints: Hints, depth: usize) -> TxnRequest {
        TxnRequest {
            compare: self.some(3, |this| this.compare(hints)),
            success: self.some(4, |this| this.operation(hints, depth)),
            failure: self.some(4, |this| this.operation(hints, depth)),
        }
    }

    fn operation(&mut self, hints: Hints, depth: usize) -> Operation {
        match self.random.below(40) {
            0..=13 => Operation::Put(self.put()),
            14..=19 => Operation::DeleteRange(self.delete()),
            20..=31 => Operation::Range(self.range(hints)),
            32..=38 if depth > 0 => Operation::Txn(self.txn(hints, depth - 1)),
            39 if self.random.one_in(5) => Operation::Missing,
            _ => Operation::Range(self.range(hints)),
        }
    }

    fn compare(&mut self, hints: Hints) -> Compare {
        let result = if self.random.one_in(50) { 4 } else { self.random.between(0, 3) as i32 };
        let target = match self.random.below(16) {
            0..=3 => CompareTarget::Version(self.random.between(-1, 3)),
            4..=6 => CompareTarget::Create(self.revision(hints)),
            7..=9 => CompareTarget::Mod(self.revision(hints)),
            10..=12 => CompareTarget::Value(self.value()),
            13..=14 => CompareTarget::Lease(self.lease().0),
            _ => CompareTarget::Unknown,
        };
        Compare { key: self.key(), range_end: self.range_end(3), result, target }
    }

    fn some<T>(&mut self, below: u64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.random.below(below)).map(|_| make(self)).collect()
    }

    /// Rarely none at all.
    fn key(&mut self) -> Bytes {
        if self.random.one_in(200) {
            return Bytes::new();
        }
        Bytes::from_static(self.random.pick(&KEYS))
    }

    /// Some end once in `one_in` times, in all shapes: none, before the key, behind it.
    fn range_end(&mut self, one_in: u64) -> Bytes {
        match self.random.below(4) {
            _ if !self.random.one_in(one_in) => Bytes::new(),
            0 => Bytes::from_static(b"\0"),
            _ => Bytes::from_static(self.random.pick(&KEYS)),
        }
    }

    fn value(&mut self) -> Bytes {
        Bytes::from_static(self.random.pick(&VALUES))
    }

    fn lease(&mut self) -> LeaseId {
        LeaseId(self.random.pick(&LEASES))
    }

    /// Now and then past either end of what is readable.
    fn revision(&mut self, hints: Hints) -> i64 {
        let revision = hints.revision as i64;
        match self.random.below(10) {
            0 => self.random.pick(&[-1, -2, 1, i64::MAX, i64::MIN]),
            1 => hints.compacted + self.random.between(-1, 1),
            2..=3 => revision + self.random.between(-1, 3),
            _ => self.random.between((revision - 20).max(0), revision),
        }
    }

    /// Mostly a little above the last one, so that history remains.
    fn compact_revision(&mut self, hints: Hints) -> i64 {
        match self.random.below(5) {
            0 => self.revision(hints),
            _ => hints.compacted + self.random.between(0, 5),
        }
    }
}
