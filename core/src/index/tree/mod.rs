//! An ordered map that counts: a B+tree over entry numbers.
//!
//! The tree holds no keys, only the numbers of entries; it asks [`Keys`] for the key of one. An
//! entry *lives* or does not; inner nodes know how many live below each child, which gives the
//! number of live keys before any key in O(log n).
//!
//! Non-goals: values (the number is the value) and splitting other than for growth at an end.

mod inner;
mod leaf;
mod relieve;
mod remove;
mod search;
#[cfg(test)]
mod tests;

use inner::Inner;
use leaf::Leaf;

use super::slab::{NONE, Slab};

/// Most children or entries of a node: the live bits of a leaf fill one `u64`.
const FANOUT: usize = 64;

/// Where the tree finds the keys of its entries.
pub(super) trait Keys {
    /// The key of entry `id`.
    fn key(&self, id: u32) -> &[u8];
}

/// Entry numbers in the order of their keys. Every method must get the same [`Keys`].
#[derive(Debug)]
pub(super) struct Tree {
    leaves: Slab<Leaf>,
    inners: Slab<Inner>,
    /// A leaf when `height` is 0, an inner node otherwise.
    root: u32,
    /// Levels of inner nodes.
    height: u32,
}

/// A place between entries, for walking forward. Valid until the tree changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    leaf: u32,
    position: usize,
}

/// What became of a node that was too large: a new node to its right.
struct Split {
    separator: Box<[u8]>,
    right: u32,
    live: u64,
}

/// An entry on its way into the tree.
#[derive(Clone, Copy)]
struct Entry<'a> {
    key: &'a [u8],
    id: u32,
    live: bool,
}

impl Tree {
    pub(super) fn new() -> Self {
        let mut leaves = Slab::new();
        let root = leaves.insert(Leaf::new(NONE));
        Self { leaves, inners: Slab::new(), root, height: 0 }
    }

    /// How many entries live.
    pub(super) fn live_count(&self) -> u64 {
        self.live_below(self.root, self.height)
    }

    /// The entry of `key`.
    pub(super) fn find(&self, keys: &impl Keys, key: &[u8]) -> Option<u32> {
        let leaf = self.leaves.get(self.leaf_of(key));
        leaf.find(keys, key).map(|position| leaf.id(position))
    }

    /// How many entries live whose keys are below `key`.
    pub(super) fn live_before(&self, keys: &impl Keys, key: &[u8]) -> u64 {
        let (mut node, mut live) = (self.root, 0);
        for _ in 0..self.height {
            let inner = self.inners.get(node);
            let position = inner.position(key);
            live += inner.live_before(position);
            node = inner.child(position);
        }
        let leaf = self.leaves.get(node);
        live + leaf.live_before(leaf.lower_bound(keys, key))
    }

    /// Adds entry `id`; no entry may have its key yet.
    pub(super) fn insert(&mut self, keys: &impl Keys, id: u32, live: bool) {
        let entry = Entry { key: keys.key(id), id, live };
        if let Some(split) = self.insert_below(self.root, self.height, keys, entry) {
            let left_live = self.live_below(self.root, self.height);
            self.root = self.inners.insert(Inner::root(self.root, left_live, split));
            self.height += 1;
        }
    }

    /// Says whether the entry of `key`, which must exist and be in the other state, lives.
    pub(super) fn set_live(&mut self, keys: &impl Keys, key: &[u8], live: bool) {
        let mut node = self.root;
        for _ in 0..self.height {
            let inner = self.inners.get_mut(node);
            let position = inner.position(key);
            inner.count(position, live);
            node = inner.child(position);
        }
        let leaf = self.leaves.get_mut(node);
        let position = leaf.find(keys, key);
        leaf.set_live(position.expect("only entries of the tree change their state"), live);
    }

    /// A cursor before the first entry whose key is not below `key`.
    pub(super) fn seek(&self, keys: &impl Keys, key: &[u8]) -> Cursor {
        let leaf = self.leaf_of(key);
        Cursor { leaf, position: self.leaves.get(leaf).lower_bound(keys, key) }
    }

    /// The entry behind the cursor, and whether it lives; moves the cursor past it.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<(u32, bool)> {
        self.step(cursor, |leaf, position| (position < leaf.len()).then_some(position))
    }

    /// As [`Self::next`], passing over entries that do not live.
    pub(super) fn next_live(&self, cursor: &mut Cursor) -> Option<u32> {
        self.step(cursor, Leaf::next_live).map(|(id, _)| id)
    }

    fn step(
        &self,
        cursor: &mut Cursor,
        choose: impl Fn(&Leaf, usize) -> Option<usize>,
    ) -> Option<(u32, bool)> {
        while cursor.leaf != NONE {
            let leaf = self.leaves.get(cursor.leaf);
            if let Some(position) = choose(leaf, cursor.position) {
                cursor.position = position + 1;
                return Some((leaf.id(position), leaf.is_live(position)));
            }
            *cursor = Cursor { leaf: leaf.next, position: 0 };
        }
        None
    }

    fn leaf_of(&self, key: &[u8]) -> u32 {
        let mut node = self.root;
        for _ in 0..self.height {
            let inner = self.inners.get(node);
            node = inner.child(inner.position(key));
        }
        node
    }

    fn live_below(&self, node: u32, height: u32) -> u64 {
        match height {
            0 => self.leaves.get(node).live_count(),
            _ => self.inners.get(node).live_count(),
        }
    }

    fn insert_below(
        &mut self,
        node: u32,
        height: u32,
        keys: &impl Keys,
        entry: Entry<'_>,
    ) -> Option<Split> {
        if height == 0 {
            return self.insert_in_leaf(node, keys, entry);
        }
        let mut inner = self.inners.get(node);
        let mut position = inner.position(entry.key);
        if height == 1 && self.leaves.get(inner.child(position)).is_full() {
            self.relieve(node, position, keys, entry.key);
            inner = self.inners.get(node);
            position = inner.position(entry.key);
        }
        let split = self.insert_below(inner.child(position), height - 1, keys, entry);
        let inner = self.inners.get_mut(node);
        if entry.live {
            inner.count(position, true);
        }
        let overflow = inner.insert_after(position, split?)?;
        let live = overflow.right.live_count();
        let right = self.inners.insert(overflow.right);
        Some(Split { separator: overflow.separator, right, live })
    }

    fn insert_in_leaf(&mut self, node: u32, keys: &impl Keys, entry: Entry<'_>) -> Option<Split> {
        let leaf = self.leaves.get_mut(node);
        let position = leaf.lower_bound(keys, entry.key);
        if !leaf.is_full() {
            leaf.insert(keys, position, entry.id, entry.live);
            return None;
        }
        // Keys that arrive in ascending order leave full leaves behind, others two halves.
        let cut = if position == FANOUT { FANOUT } else { FANOUT / 2 };
        let mut right = leaf.split_off(keys, cut);
        if position > cut || cut == FANOUT {
            right.insert(keys, position - cut, entry.id, entry.live);
        } else {
            leaf.insert(keys, position, entry.id, entry.live);
        }
        Some(self.link(node, keys, right))
    }

    /// Hangs `right` behind the leaf that it was split from.
    fn link(&mut self, left: u32, keys: &impl Keys, right: Leaf) -> Split {
        let (live, first) = (right.live_count(), right.id(0));
        let right = self.leaves.insert(right);
        let left = self.leaves.get_mut(left);
        left.next = right;
        let last = left.id(left.len() - 1);
        Split { separator: search::separator(keys.key(last), keys.key(first)), right, live }
    }
}
