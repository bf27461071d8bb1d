//! Which keys a workload touches.

use bytes::{BufMut, Bytes, BytesMut};
use clap::ValueEnum;
use serde::Serialize;

use crate::zipf::Zipf;

/// What all numbered keys begin with.
const PREFIX: &[u8] = b"/registry/bench/";

/// Decimal digits after the prefix: keys have 32 bytes.
const DIGITS: usize = 16;

/// How keys are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Each key as often as any other.
    Uniform,
    /// Few keys most of the time (theta 0.99), spread over the key space.
    Zipfian,
    /// One after the other; each client has a stretch of its own.
    Sequential,
}

/// The keys of a run: numbers below `count`.
#[derive(Clone, Debug)]
pub struct KeySpace {
    count: u64,
    choice: Choice,
}

#[derive(Clone, Debug)]
enum Choice {
    Uniform,
    Zipfian(Zipf),
    Sequential,
}

impl KeySpace {
    /// `count` keys, at least one.
    pub fn new(count: u64, distribution: Distribution) -> Self {
        let count = count.max(1);
        let choice = match distribution {
            Distribution::Uniform => Choice::Uniform,
            Distribution::Zipfian => Choice::Zipfian(Zipf::new(count)),
            Distribution::Sequential => Choice::Sequential,
        };
        Self { count, choice }
    }

    /// How many keys there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next key's number. `turn` counts a client's operations; `client` is one of `clients`.
    pub fn pick(&self, rng: &mut fastrand::Rng, turn: u64, client: u64, clients: u64) -> u64 {
        match &self.choice {
            Choice::Uniform => rng.u64(..self.count),
            Choice::Zipfian(zipf) => zipf.pick(rng),
            Choice::Sequential => {
                let begin =
                    u128::from(self.count) * u128::from(client) / u128::from(clients.max(1));
                (begin as u64 + turn) % self.count
            }
        }
    }
}

/// The key with a number.
pub fn key(number: u64) -> Bytes {
    numbered(PREFIX, number, DIGITS)
}

/// A key below a prefix of its own, which numbered keys do not share.
pub fn named(prefix: &str, number: u64) -> Bytes {
    numbered(prefix.as_bytes(), number, DIGITS)
}

/// The first key and the end of the interval of all numbered keys.
pub fn everything() -> (Bytes, Bytes) {
    (Bytes::from_static(PREFIX), end_of_prefix(PREFIX))
}

/// The interval of the ten keys that share all digits but the last with this one.
pub fn ten_around(number: u64) -> (Bytes, Bytes) {
    let prefix = numbered(PREFIX, number / 10, DIGITS - 1);
    let end = end_of_prefix(&prefix);
    (prefix, end)
}

/// The end of the interval of all keys with a prefix that does not end with the highest byte.
pub fn end_of_prefix(prefix: &[u8]) -> Bytes {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into()
}

fn numbered(prefix: &[u8], number: u64, digits: usize) -> Bytes {
    let mut key = BytesMut::with_capacity(prefix.len() + digits);
    key.put_slice(prefix);
    key.put_bytes(b'0', digits);
    let mut rest = number;
    for digit in key.iter_mut().rev().take(digits) {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    key.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_32_bytes_and_sort_as_their_numbers() {
        assert_eq!(key(1_234).as_ref(), b"/registry/bench/0000000000001234");
        assert!(key(9) < key(10) && key(10) < key(11));
        let (begin, end) = everything();
        assert!(begin < key(0) && key(u64::MAX) < end);
    }

    #[test]
    fn ten_keys_share_a_prefix() {
        let (begin, end) = ten_around(57);
        let inside: Vec<_> = (0..200).filter(|&n| begin <= key(n) && key(n) < end).collect();
        assert_eq!(inside, (50..60).collect::<Vec<_>>());
    }

    #[test]
    fn sequential_clients_cover_all_keys_between_them() {
        let keys = KeySpace::new(100, Distribution::Sequential);
        let mut rng = fastrand::Rng::with_seed(1);
        let picked = (0..4).flat_map(|client| (0..25).map(move |turn| (client, turn)));
        let mut picked: Vec<_> =
            picked.map(|(client, turn)| keys.pick(&mut rng, turn, client, 4)).collect();
        picked.sort_unstable();
        assert_eq!(picked, (0..100).collect::<Vec<_>>());
    }
}
