//! Intervals of keys, as etcd's `key` and `range_end` describe them.

use bytes::Bytes;

/// A set of adjacent keys: everything from `start` up to `end`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    /// The first key.
    pub start: Bytes,
    /// Where it ends.
    pub end: End,
}

/// The upper side of an [`Interval`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The interval holds `start` alone.
    Single,
    /// Up to, not including, this key.
    Before(Bytes),
    /// No end.
    Open,
}

impl Interval {
    /// From a request's `key` and `range_end`: an empty `range_end` means `key` alone, `"\0"`
    /// everything from `key` on.
    #[must_use]
    pub fn new(key: Bytes, range_end: Bytes) -> Self {
        let end = match &range_end[..] {
            [] => End::Single,
            [0] => End::Open,
            _ => End::Before(range_end),
        };
        Self { start: key, end }
    }

    /// The interval of one key.
    #[must_use]
    pub fn single(key: Bytes) -> Self {
        Self { start: key, end: End::Single }
    }

    /// Every key there can be.
    #[must_use]
    pub fn everything() -> Self {
        Self { start: Bytes::new(), end: End::Open }
    }

    /// Whether this is the interval of one key.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.end == End::Single
    }

    /// Whether no key can lie in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.end, End::Before(end) if *end <= self.start)
    }

    /// Whether `key` lies in it.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        match &self.end {
            End::Single => key == self.start,
            End::Before(end) => key >= &self.start[..] && key < &end[..],
            End::Open => key >= &self.start[..],
        }
    }

    /// Whether `key` lies behind the whole interval.
    #[must_use]
    pub fn is_before(&self, key: &[u8]) -> bool {
        match &self.end {
            End::Single => key > &self.start[..],
            End::Before(end) => key >= &end[..],
            End::Open => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(key: &'static str, end: &'static str) -> Interval {
        Interval::new(Bytes::from_static(key.as_bytes()), Bytes::from_static(end.as_bytes()))
    }

    #[test]
    fn the_four_shapes_of_an_interval() {
        assert!(interval("a", "").contains(b"a") && !interval("a", "").contains(b"ab"));
        assert!(interval("a", "\0").contains(b"zz") && !interval("b", "\0").contains(b"a"));
        assert!(interval("a", "c").contains(b"b") && !interval("a", "c").contains(b"c"));
        assert!(interval("c", "a").is_empty() && interval("c", "c").is_empty());
        assert!(!interval("a", "").is_empty() && !interval("a", "\0").is_empty());
    }
}
