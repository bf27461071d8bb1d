//! The lowest level of the tree: entry numbers in key order, with their heads.

use std::cmp::Ordering;
use std::ops::Range;

use super::search::{beside_prefix, common_prefix, head32};
use super::{FANOUT, Keys};
use crate::index::slab::NONE;

/// Up to [`FANOUT`] entries in key order.
#[derive(Debug)]
pub(super) struct Leaf {
    /// The leaf that follows in key order.
    pub(super) next: u32,
    len: u32,
    /// Length of a prefix that all keys here share.
    skip: u32,
    /// Bit `n` tells whether entry `n` lives.
    live: u64,
    /// The entries, then [`UNUSED`].
    entries: [Entry; FANOUT],
}

/// Head and number of an entry in one word, so that both come with one cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

/// Sorts behind every entry, since no entry has this number.
const UNUSED: Entry = Entry::new(u32::MAX, NONE);

impl Entry {
    const fn new(head: u32, id: u32) -> Self {
        Self((head as u64) << 32 | id as u64)
    }

    fn id(self) -> u32 {
        self.0 as u32
    }

    fn head(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl Leaf {
    pub(super) fn new(next: u32) -> Self {
        Self { next, len: 0, skip: 0, live: 0, entries: [UNUSED; FANOUT] }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() == FANOUT
    }

    /// The number of the entry at `position`.
    pub(super) fn id(&self, position: usize) -> u32 {
        self.entries[position].id()
    }

    fn entries(&self) -> &[Entry] {
        &self.entries[..self.len()]
    }

    /// How many of the first `position` entries live.
    pub(super) fn live_before(&self, position: usize) -> u64 {
        u64::from((self.live & bits_below(position)).count_ones())
    }

    pub(super) fn live_count(&self) -> u64 {
        u64::from(self.live.count_ones())
    }

    pub(super) fn is_live(&self, position: usize) -> bool {
        self.live & (1 << position) != 0
    }

    /// The first entry from `position` on that lives.
    pub(super) fn next_live(&self, position: usize) -> Option<usize> {
        let rest = self.live & !bits_below(position);
        (rest != 0).then(|| rest.trailing_zeros() as usize)
    }

    pub(super) fn set_live(&mut self, position: usize, live: bool) {
        self.live = (self.live & !(1 << position)) | (u64::from(live) << position);
    }

    /// Where the entry of `key` is. Touches only keys with the same head: none of the others
    /// needs to be in the processor's cache.
    pub(super) fn find(&self, keys: &impl Keys, key: &[u8]) -> Option<usize> {
        let same = self.same_head(head32(key, self.skip as usize));
        let entries = &self.entries[same.clone()];
        let found = entries.binary_search_by(|entry| keys.key(entry.id()).cmp(key));
        found.ok().map(|n| same.start + n)
    }

    /// Where the first entry is whose key is not below `key`.
    pub(super) fn lower_bound(&self, keys: &impl Keys, key: &[u8]) -> usize {
        let Some(first) = self.entries().first() else { return 0 };
        match beside_prefix(key, &keys.key(first.id())[..self.skip as usize]) {
            Ordering::Less => 0,
            Ordering::Greater => self.len(),
            Ordering::Equal => {
                let same = self.same_head(head32(key, self.skip as usize));
                let entries = &self.entries[same.clone()];
                same.start + entries.partition_point(|entry| keys.key(entry.id()) < key)
            }
        }
    }

    /// The entries with this head. Counts over all entries instead of halving: that takes the
    /// cache lines of the array at once, where a binary search waits for one after the other.
    fn same_head(&self, head: u32) -> Range<usize> {
        let first = Entry::new(head, 0);
        let start = self.entries.iter().map(|entry| usize::from(*entry < first)).sum();
        let rest = self.entries().get(start..).unwrap_or_default();
        let same = rest.iter().take_while(|entry| entry.head() == head).count();
        start..start + same
    }

    /// Puts an entry at `position`, where its key belongs. The leaf must not be full.
    pub(super) fn insert(&mut self, keys: &impl Keys, position: usize, id: u32, live: bool) {
        let len = self.len();
        self.entries.copy_within(position..len, position + 1);
        let low = self.live & bits_below(position);
        self.live = low | ((self.live & !low) << 1);
        self.entries[position] = Entry::new(head32(keys.key(id), self.skip as usize), id);
        self.len += 1;
        self.set_live(position, live);
        if position == 0 || position == len {
            self.shorten_skip(keys);
        }
    }

    /// Takes the entry at `position` out.
    pub(super) fn remove(&mut self, position: usize) {
        let len = self.len();
        self.entries.copy_within(position + 1..len, position);
        let low = self.live & bits_below(position);
        self.live = low | ((self.live >> 1) & !bits_below(position));
        self.len -= 1;
        self.entries[len - 1] = UNUSED;
    }

    /// Moves the entries from `position` on to a new leaf.
    pub(super) fn split_off(&mut self, keys: &impl Keys, position: usize) -> Self {
        let mut right = Self::new(self.next);
        let moved = self.len() - position;
        right.entries[..moved].copy_from_slice(&self.entries[position..self.len()]);
        right.live = self.live.checked_shr(position as u32).unwrap_or(0);
        right.len = moved as u32;
        right.rebuild(keys);
        self.live &= bits_below(position);
        self.len = position as u32;
        self.rebuild(keys);
        right
    }

    /// Appends all entries of the leaf that follows. Together they must fit.
    pub(super) fn append(&mut self, keys: &impl Keys, right: &Self) {
        let (len, moved) = (self.len(), right.len());
        self.entries[len..len + moved].copy_from_slice(right.entries());
        if moved > 0 {
            self.live |= right.live << len;
        }
        self.len += right.len;
        self.next = right.next;
        self.rebuild(keys);
    }

    /// After an insertion at an end: the shared prefix may have become shorter.
    fn shorten_skip(&mut self, keys: &impl Keys) {
        if self.shared_prefix(keys) < self.skip || self.len <= 2 {
            self.rebuild(keys);
        }
    }

    /// Computes the shared prefix and the heads anew.
    fn rebuild(&mut self, keys: &impl Keys) {
        self.skip = self.shared_prefix(keys);
        let (used, unused) = self.entries.split_at_mut(self.len as usize);
        for entry in used {
            let id = entry.id();
            *entry = Entry::new(head32(keys.key(id), self.skip as usize), id);
        }
        unused.fill(UNUSED);
    }

    fn shared_prefix(&self, keys: &impl Keys) -> u32 {
        match self.entries() {
            [] => 0,
            [only] => keys.key(only.id()).len() as u32,
            [first, .., last] => common_prefix(keys.key(first.id()), keys.key(last.id())) as u32,
        }
    }
}

/// The bits of the positions below `position`.
fn bits_below(position: usize) -> u64 {
    1u64.checked_shl(position as u32).unwrap_or(0).wrapping_sub(1)
}
