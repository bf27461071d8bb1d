//! A shard's newest versions that are still in flight: what writes are evaluated against and
//! nobody else sees.

use std::collections::BTreeMap;
use std::ops::Bound;

use braid_storage::ids::Revision;
use bytes::Bytes;

use crate::interval::{End, Interval};
use crate::kv_list::KvMeta;
use crate::version::{Found, Location, StoredValue};

/// The newest in-flight version of each key that has one.
#[derive(Default)]
pub struct Overlay {
    keys: BTreeMap<Bytes, InFlight>,
}

/// A version in flight.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The revision of its write.
    pub revision: Revision,
    /// Its place in the write.
    pub sub: u32,
    /// The pair; `None` for a tombstone.
    pub put: Option<(KvMeta, Bytes)>,
}

impl InFlight {
    /// The version as evaluation sees it; `None` for a tombstone.
    #[must_use]
    pub fn found(&self) -> Option<Found<'_>> {
        let (meta, value) = self.put.as_ref()?;
        let value = StoredValue {
            // Not known before the write is submitted, and not needed: the bytes are here.
            location: Location::default(),
            len: value.len() as u32,
            crc: 0,
            bytes: Some(value),
        };
        Some(Found { meta: *meta, sub: self.sub, value })
    }
}

impl Overlay {
    /// `key` has this newest version from now on.
    pub fn insert(&mut self, key: Bytes, version: InFlight) {
        self.keys.insert(key, version);
    }

    /// The newest version of `key` in flight, if there is one.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&InFlight> {
        self.keys.get(key)
    }

    /// The version of `key` at `revision` has reached the index.
    pub fn applied(&mut self, key: &[u8], revision: Revision, sub: u32) {
        if self.keys.get(key).is_some_and(|v| (v.revision, v.sub) == (revision, sub)) {
            self.keys.remove(key);
        }
    }

    /// The keys of `interval` with a version in flight, in order.
    pub fn range(&self, interval: &Interval) -> impl Iterator<Item = (&[u8], &InFlight)> {
        let low = Bound::Included(&interval.start[..]);
        let high = match &interval.end {
            _ if interval.is_empty() => Bound::Excluded(&interval.start[..]),
            End::Single => Bound::Included(&interval.start[..]),
            End::Before(end) => Bound::Excluded(&end[..]),
            End::Open => Bound::Unbounded,
        };
        self.keys.range::<[u8], _>((low, high)).map(|(key, version)| (&key[..], version))
    }

    /// Whether nothing is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(revision: u64) -> InFlight {
        InFlight { revision: Revision(revision), sub: 0, put: None }
    }

    #[test]
    fn a_later_version_survives_when_an_earlier_one_is_applied() {
        let mut overlay = Overlay::default();
        let key = Bytes::from_static(b"k");
        overlay.insert(key.clone(), version(5));
        overlay.insert(key.clone(), version(6));
        overlay.applied(&key, Revision(5), 0);
        assert_eq!(overlay.get(&key).unwrap().revision, Revision(6));
        overlay.applied(&key, Revision(6), 0);
        assert!(overlay.is_empty());
    }

    #[test]
    fn ranges_of_all_shapes() {
        let mut overlay = Overlay::default();
        for key in ["a", "b", "c"] {
            overlay.insert(Bytes::from(key), version(2));
        }
        let count = |key: &'static str, end: &'static str| {
            overlay.range(&Interval::new(Bytes::from(key), Bytes::from(end))).count()
        };
        let counts = (count("a", ""), count("a", "c"), count("b", "\0"), count("c", "a"));
        assert_eq!(counts, (1, 2, 2, 0));
    }
}
