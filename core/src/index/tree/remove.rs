//! Taking entries out of the tree, and merging what became small.

use super::{FANOUT, Keys, Tree};

/// A node with fewer children or entries looks for a neighbour to merge with.
const SMALL: usize = FANOUT / 4;
/// Merged nodes are no larger than this, so that the next insertions do not split them again.
const MERGED: usize = FANOUT * 3 / 4;

const _: () = assert!(SMALL < MERGED && MERGED <= FANOUT);

impl Tree {
    /// Removes the entry of `key`, which must exist.
    pub(in crate::index) fn remove(&mut self, keys: &impl Keys, key: &[u8]) {
        self.remove_below(self.root, self.height, keys, key);
        while self.height > 0 && self.inners.get(self.root).len() == 1 {
            self.root = self.inners.remove(self.root).child(0);
            self.height -= 1;
        }
    }

    /// Returns whether the removed entry lived.
    fn remove_below(&mut self, node: u32, height: u32, keys: &impl Keys, key: &[u8]) -> bool {
        if height == 0 {
            return self.remove_from_leaf(node, keys, key);
        }
        let inner = self.inners.get(node);
        let position = inner.position(key);
        let lived = self.remove_below(inner.child(position), height - 1, keys, key);
        if lived {
            self.inners.get_mut(node).count(position, false);
        }
        self.merge_around(node, position, height, keys);
        lived
    }

    fn remove_from_leaf(&mut self, node: u32, keys: &impl Keys, key: &[u8]) -> bool {
        let leaf = self.leaves.get_mut(node);
        let position = leaf.find(keys, key).expect("only entries of the tree are removed");
        let lived = leaf.is_live(position);
        leaf.remove(position);
        lived
    }

    /// Merges the child at `position` with a neighbour when it is small and both fit.
    fn merge_around(&mut self, node: u32, position: usize, height: u32, keys: &impl Keys) {
        let inner = self.inners.get(node);
        let len = self.len_of(inner.child(position), height - 1);
        if len >= SMALL {
            return;
        }
        // An empty node goes whatever its neighbour's size. Only a sole child may stay empty.
        let most = if len == 0 { FANOUT } else { MERGED };
        let fits = |left: usize| {
            let both = [left, left + 1].map(|n| self.len_of(inner.child(n), height - 1));
            both[0] + both[1] <= most
        };
        if position > 0 && fits(position - 1) {
            self.merge(node, position - 1, height, keys);
        } else if position + 1 < inner.len() && fits(position) {
            self.merge(node, position, height, keys);
        }
    }

    /// Moves everything of the child after `left` into the child at `left`.
    fn merge(&mut self, node: u32, left: usize, height: u32, keys: &impl Keys) {
        let inner = self.inners.get(node);
        let (into, from) = (inner.child(left), inner.child(left + 1));
        let separator = inner.separator(left);
        if height == 1 {
            let right = self.leaves.remove(from);
            self.leaves.get_mut(into).append(keys, &right);
        } else {
            let right = self.inners.remove(from);
            self.inners.get_mut(into).append(separator, right);
        }
        self.inners.get_mut(node).remove_after(left);
    }

    fn len_of(&self, node: u32, height: u32) -> usize {
        match height {
            0 => self.leaves.get(node).len(),
            _ => self.inners.get(node).len(),
        }
    }
}
