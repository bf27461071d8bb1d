//! The upper levels of the tree: children, how many live entries each holds, and the keys that
//! separate them.

use std::cmp::Ordering;

use super::search::{beside_prefix, common_prefix, head64};
use super::{FANOUT, Split};

/// Up to [`FANOUT`] children (one more while a split is under way).
#[derive(Debug, Default)]
pub(super) struct Inner {
    children: Vec<u32>,
    /// What all separators begin with.
    prefix: Box<[u8]>,
    /// The bytes of each separator that follow the prefix.
    heads: Vec<u64>,
    /// Live entries below each child.
    live: Vec<u64>,
    /// Separator `n` is above every key of child `n` and not above any of child `n + 1`.
    separators: Vec<Box<[u8]>>,
}

impl Inner {
    /// A new root over the old one and what was split from it.
    pub(super) fn root(left: u32, left_live: u64, split: Split) -> Self {
        let mut root =
            Self { children: vec![left], live: vec![left_live + split.live], ..Self::default() };
        root.insert_after(0, split);
        root
    }

    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    pub(super) fn child(&self, position: usize) -> u32 {
        self.children[position]
    }

    pub(super) fn live_before(&self, position: usize) -> u64 {
        self.live[..position].iter().sum()
    }

    pub(super) fn live_count(&self) -> u64 {
        self.live_before(self.len())
    }

    /// Counts one entry more or less below the child at `position`.
    pub(super) fn count(&mut self, position: usize, live: bool) {
        let count = &mut self.live[position];
        *count = if live { *count + 1 } else { *count - 1 };
    }

    /// Which child holds `key`, or would.
    pub(super) fn position(&self, key: &[u8]) -> usize {
        match beside_prefix(key, &self.prefix) {
            Ordering::Less => 0,
            Ordering::Greater => self.heads.len(),
            Ordering::Equal => self.position_by_head(key),
        }
    }

    fn position_by_head(&self, key: &[u8]) -> usize {
        let head = head64(key, self.prefix.len());
        let start: usize = self.heads.iter().map(|h| usize::from(*h < head)).sum();
        let same = self.heads[start..].iter().take_while(|h| **h == head).count();
        start + self.separators[start..start + same].partition_point(|s| **s <= *key)
    }

    /// Adds what was split from the child at `position`, whose count held both until now.
    /// Splits this node too when it gets too large.
    pub(super) fn insert_after(&mut self, position: usize, split: Split) -> Option<Overflow> {
        self.live[position] -= split.live;
        self.live.insert(position + 1, split.live);
        self.children.insert(position + 1, split.right);
        self.separators.insert(position, split.separator);
        self.rebuild();
        (self.len() > FANOUT).then(|| self.overflow(position + 1))
    }

    /// Children that grow at the end leave a full node behind, others two halves.
    fn overflow(&mut self, inserted: usize) -> Overflow {
        let cut = if inserted + 1 == self.len() { inserted } else { self.len() / 2 };
        let mut right = Self {
            children: self.children.split_off(cut),
            live: self.live.split_off(cut),
            separators: self.separators.split_off(cut),
            ..Self::default()
        };
        let separator = self.separators.pop().unwrap_or_default();
        self.rebuild();
        right.rebuild();
        Overflow { separator, right }
    }

    /// Forgets the child after `position`, which the child at `position` has taken in.
    pub(super) fn remove_after(&mut self, position: usize) {
        let live = self.live.remove(position + 1);
        self.live[position] += live;
        self.children.remove(position + 1);
        self.separators.remove(position);
        self.rebuild();
    }

    /// Entries went from one of the children at `left` and after it to the other: what separates
    /// them now, and how many live in each.
    pub(super) fn shifted(&mut self, left: usize, separator: Box<[u8]>, live: [u64; 2]) {
        self.separators[left] = separator;
        self.live[left..left + 2].copy_from_slice(&live);
        self.rebuild();
    }

    pub(super) fn separator(&self, position: usize) -> Box<[u8]> {
        self.separators[position].clone()
    }

    /// Appends the children of the node that follows; `separator` lies between the two.
    pub(super) fn append(&mut self, separator: Box<[u8]>, right: Self) {
        self.children.extend(right.children);
        self.live.extend(right.live);
        self.separators.push(separator);
        self.separators.extend(right.separators);
        self.rebuild();
    }

    fn rebuild(&mut self) {
        let shared = match &self.separators[..] {
            [first, .., last] => common_prefix(first, last),
            _ => 0,
        };
        self.prefix = self.separators.first().map_or_else(Box::default, |s| s[..shared].into());
        self.heads.clear();
        self.heads.extend(self.separators.iter().map(|s| head64(s, shared)));
    }
}

/// The upper part of an inner node that became too large.
pub(super) struct Overflow {
    pub(super) separator: Box<[u8]>,
    pub(super) right: Inner,
}
