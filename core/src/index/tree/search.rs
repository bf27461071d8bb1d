//! Comparing keys by a few bytes that differ.
//!
//! The keys of a node mostly share a long prefix (`/registry/pods/…`). A node knows how long it
//! is (`skip`) and keeps the next bytes of each key, its *head*, as a number: a search is mostly
//! a search among numbers in one or two cache lines instead of a visit to every key compared.

use std::cmp::Ordering;

/// The four bytes after `skip` as a number that sorts as they do; missing bytes count as zero.
pub(super) fn head32(key: &[u8], skip: usize) -> u32 {
    (head64(key, skip) >> 32) as u32
}

/// As [`head32`], eight bytes.
pub(super) fn head64(key: &[u8], skip: usize) -> u64 {
    let tail = key.get(skip..).unwrap_or_default();
    if let Some(bytes) = tail.first_chunk::<8>() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    bytes[..tail.len()].copy_from_slice(tail);
    u64::from_be_bytes(bytes)
}

/// How many leading bytes two keys share.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Where `key` lies relative to all keys that begin with `prefix`: `Equal` means among them.
pub(super) fn beside_prefix(key: &[u8], prefix: &[u8]) -> Ordering {
    key[..key.len().min(prefix.len())].cmp(prefix)
}

/// The shortest key above `left` and not above `right`; `left` must be smaller than `right`.
pub(super) fn separator(left: &[u8], right: &[u8]) -> Box<[u8]> {
    debug_assert!(left < right, "{left:?} does not lie before {right:?}");
    right[..=common_prefix(left, right)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_sort_as_keys_do() {
        let keys: [&[u8]; 6] = [b"p", b"p\0", b"pa", b"pab", b"pabcdefgh", b"pb"];
        for pair in keys.windows(2) {
            assert!(head64(pair[0], 1) <= head64(pair[1], 1));
            assert!(head32(pair[0], 1) <= head32(pair[1], 1));
        }
        assert_eq!(head32(b"abcdef", 2), u32::from_be_bytes(*b"cdef"));
    }

    #[test]
    fn a_separator_is_short_and_between() {
        assert_eq!(&*separator(b"abc", b"abf/long"), b"abf");
        assert_eq!(&*separator(b"ab", b"abf"), b"abf");
        assert_eq!(&*separator(b"", b"x1"), b"x");
    }

    #[test]
    fn a_key_beside_a_prefix() {
        assert_eq!(beside_prefix(b"ab", b"abc"), Ordering::Less);
        assert_eq!(beside_prefix(b"abcd", b"abc"), Ordering::Equal);
        assert_eq!(beside_prefix(b"abd", b"abc"), Ordering::Greater);
    }
}
