//! etcd's rule that a transaction changes no key twice, as far as etcd enforces it.
//!
//! It looks at one branch: a key may be put only once, and not lie in an interval that is deleted
//! there, in whatever order. Of a nested transaction both branches count, but not against each
//! other. What etcd does not notice is allowed here too, since clients may live by it:
//! - a delete without end (`range_end` of `"\0"`) collides with nothing;
//! - a delete inside a nested transaction does not collide with a put inside an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{DeleteRangeRequest, Operation, TxnRequest};
use crate::error::Error;
use crate::interval::{End, Interval};

/// Checks one branch with all that is nested in it.
pub fn check(operations: &[Operation]) -> Result<(), Error> {
    Written::of(operations).map(drop)
}

/// The keys that operations put and the intervals that they delete.
#[derive(Default)]
struct Written<'a> {
    puts: BTreeSet<&'a [u8]>,
    deletes: Deleted,
}

impl<'a> Written<'a> {
    fn of(operations: &'a [Operation]) -> Result<Self, Error> {
        let mut written = Self::default();
        for operation in operations {
            if let Operation::DeleteRange(delete) = operation {
                written.deletes.insert(delete);
            }
        }
        for operation in operations {
            if let Operation::Txn(txn) = operation {
                written.nest(txn)?;
            }
        }
        for operation in operations {
            if let Operation::Put(put) = operation {
                written.refuse_if_written(&put.key)?;
                written.puts.insert(&put.key);
            }
        }
        Ok(written)
    }

    fn nest(&mut self, txn: &'a TxnRequest) -> Result<(), Error> {
        let branches = [Self::of(&txn.success)?, Self::of(&txn.failure)?];
        for key in branches.iter().flat_map(|branch| &branch.puts) {
            self.refuse_if_written(key)?;
        }
        for branch in branches {
            self.absorb(branch);
        }
        Ok(())
    }

    fn refuse_if_written(&self, key: &[u8]) -> Result<(), Error> {
        if self.puts.contains(key) || self.deletes.contains(key) {
            return Err(Error::DuplicateKey);
        }
        Ok(())
    }

    /// Moves the smaller set into the larger: deep chains of nested transactions stay cheap.
    fn absorb(&mut self, mut other: Self) {
        if self.puts.len() < other.puts.len() {
            std::mem::swap(&mut self.puts, &mut other.puts);
        }
        self.puts.extend(other.puts);
        self.deletes.absorb(other.deletes);
    }
}

/// A set of keys as disjoint intervals: start to exclusive end.
#[derive(Default)]
struct Deleted(BTreeMap<Vec<u8>, Vec<u8>>);

impl Deleted {
    fn insert(&mut self, delete: &DeleteRangeRequest) {
        let interval = Interval::new(delete.key.clone(), delete.range_end.clone());
        match &interval.end {
            End::Single => self.cover(delete.key.to_vec(), [&delete.key[..], &[0]].concat()),
            End::Before(end) if !interval.is_empty() => {
                self.cover(delete.key.to_vec(), end.to_vec());
            }
            End::Before(_) | End::Open => (),
        }
    }

    /// Adds `start..end`, merged with every interval that it touches.
    fn cover(&mut self, mut start: Vec<u8>, mut end: Vec<u8>) {
        while let Some((other, other_end)) = self.0.range(..=end.clone()).next_back() {
            if *other_end < start {
                break;
            }
            let other = other.clone();
            end = end.max(self.0.remove(&other).unwrap_or_default());
            start = start.min(other);
        }
        self.0.insert(start, end);
    }

    fn contains(&self, key: &[u8]) -> bool {
        let mut before =
            self.0.range::<[u8], _>((std::ops::Bound::Unbounded, std::ops::Bound::Included(key)));
        before.next_back().is_some_and(|(_, end)| key < &end[..])
    }

    fn absorb(&mut self, mut other: Self) {
        if self.0.len() < other.0.len() {
            std::mem::swap(&mut self.0, &mut other.0);
        }
        for (start, end) in other.0 {
            self.cover(start, end);
        }
    }
}
