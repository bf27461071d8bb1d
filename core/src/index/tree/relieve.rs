//! Filling neighbours before a leaf is split: leaves take the same memory full or not.

use super::{FANOUT, Keys, Tree, search};

/// A neighbour with less room is taken for full: moving entries costs about the same for one or for
/// many.
const ROOM: usize = FANOUT / 8;

impl Tree {
    /// Moves entries of the full leaf at `position` below the inner node to a neighbour with room,
    /// if it has one. `key` is about to go into the leaf or, after that, into the neighbour.
    pub(super) fn relieve(&mut self, node: u32, position: usize, keys: &impl Keys, key: &[u8]) {
        let inner = self.inners.get(node);
        let room = |n: usize| FANOUT - self.leaves.get(inner.child(n)).len();
        let leaf = self.leaves.get(inner.child(position));
        let place = leaf.lower_bound(keys, key);
        if position > 0 && room(position - 1) >= ROOM {
            let room = room(position - 1);
            // Where keys arrive in about ascending order, no more come to the left.
            let moved = if place > FANOUT / 2 { room.min(FANOUT / 2) } else { room / 2 };
            self.shift_left(node, position - 1, keys, moved);
        } else if position + 1 < inner.len() && room(position + 1) >= ROOM {
            let room = room(position + 1);
            let moved = if place < FANOUT / 2 { room.min(FANOUT / 2) } else { room / 2 };
            self.shift_right(node, position, keys, moved);
        }
    }

    /// Moves the first entries of the leaf after `left` to the one at `left`.
    fn shift_left(&mut self, node: u32, left: usize, keys: &impl Keys, moved: usize) {
        let inner = self.inners.get(node);
        let (into, from) = (inner.child(left), inner.child(left + 1));
        let leaf = self.leaves.get_mut(from);
        let rest = leaf.split_off(keys, moved);
        let first = std::mem::replace(leaf, rest);
        let leaf = self.leaves.get_mut(into);
        leaf.append(keys, &first);
        leaf.next = from;
        self.shifted(node, left, keys);
    }

    /// Moves the last entries of the leaf at `left` to the one after it.
    fn shift_right(&mut self, node: u32, left: usize, keys: &impl Keys, moved: usize) {
        let inner = self.inners.get(node);
        let (from, into) = (inner.child(left), inner.child(left + 1));
        let leaf = self.leaves.get_mut(from);
        let mut last = leaf.split_off(keys, leaf.len() - moved);
        let leaf = self.leaves.get_mut(into);
        last.append(keys, leaf);
        *leaf = last;
        self.shifted(node, left, keys);
    }

    /// Entries went from one of the leaves at `left` and after it to the other.
    fn shifted(&mut self, node: u32, left: usize, keys: &impl Keys) {
        let inner = self.inners.get_mut(node);
        let leaves = [left, left + 1].map(|n| self.leaves.get(inner.child(n)));
        let (last, first) = (leaves[0].id(leaves[0].len() - 1), leaves[1].id(0));
        let separator = search::separator(keys.key(last), keys.key(first));
        inner.shifted(left, separator, leaves.map(|leaf| leaf.live_count()));
    }
}
