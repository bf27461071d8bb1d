//! The values that a workload writes.

use std::str::FromStr;

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// Bytes that values are cut from. Random, so that nothing along the way can compress them.
const POOL_BYTES: usize = 1 << 20;

/// Largest value: what a server takes by default, less the rest of the request.
const LARGEST_BYTES: usize = POOL_BYTES;

/// How large values are: `256`, or `100..4000` for sizes drawn evenly from that range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    least: usize,
    most: usize,
}

impl Size {
    /// All values alike.
    pub const fn fixed(bytes: usize) -> Self {
        Self { least: bytes, most: bytes }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let parse = |text: &str| text.parse().map_err(|_| format!("{text:?} is no size in bytes"));
        let size = Self { least: parse(least)?, most: parse(most)? };
        if size.least > size.most || size.most > LARGEST_BYTES {
            return Err(format!("sizes must grow and stay below {LARGEST_BYTES}"));
        }
        Ok(size)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.least == self.most {
            true => write!(formatter, "{}", self.least),
            false => write!(formatter, "{}..{}", self.least, self.most),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Values without copying: views of one pool.
#[derive(Clone, Debug)]
pub struct Values {
    pool: Bytes,
    size: Size,
}

impl Values {
    /// Values of a size.
    pub fn new(size: Size, seed: u64) -> Self {
        let mut pool = vec![0; POOL_BYTES];
        fastrand::Rng::with_seed(seed).fill(&mut pool);
        Self { pool: pool.into(), size }
    }

    /// A value.
    pub fn pick(&self, rng: &mut fastrand::Rng) -> Bytes {
        let len = rng.usize(self.size.least..=self.size.most);
        let begin = rng.usize(..=POOL_BYTES - len);
        self.pool.slice(begin..begin + len)
    }

    /// The smallest size that is picked, in bytes.
    pub fn least_bytes(&self) -> usize {
        self.size.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for text in ["0", "256", "100..4000"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        for text in ["", "x", "9..1", "1..", "2000000"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn drawn_sizes_fill_their_range_and_no_more() {
        let values = Values::new("1..3".parse().unwrap(), 1);
        let mut rng = fastrand::Rng::with_seed(1);
        let mut seen: Vec<_> = (0..100).map(|_| values.pick(&mut rng).len()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [1, 2, 3]);
    }
}
