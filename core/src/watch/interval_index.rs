//! Which interests does a key fall into?
//!
//! Single keys are looked up in a hash map. Ranges stand in a vector ordered by their start, read
//! as a balanced tree whose every node knows the furthest end below it: a search costs O(log n)
//! and the hits. Changes are gathered beside the tree and merged in when there are many, so
//! that adding costs O(sqrt n) on average.

use std::collections::HashMap;

use bytes::Bytes;

use super::messages::InterestId;
use crate::interval::{End, Interval};

/// Fewer additions than this are searched one by one.
const ADDED_MIN: usize = 64;

/// All intervals that somebody watches; no interval is in it twice.
#[derive(Default)]
pub(crate) struct IntervalIndex {
    singles: HashMap<Bytes, InterestId>,
    /// The tree, ordered by interval. Its root is the middle of the slice, its subtrees the roots
    /// of the halves.
    nodes: Vec<Node>,
    dead: usize,
    added: Vec<(Interval, InterestId)>,
}

struct Node {
    interval: Interval,
    id: InterestId,
    /// The furthest end in this node's subtree.
    furthest: End,
    /// Removed, but still there to guide the search.
    dead: bool,
}

impl IntervalIndex {
    pub(crate) fn insert(&mut self, interval: &Interval, id: InterestId) {
        if interval.is_single() {
            self.singles.insert(interval.start.clone(), id);
            return;
        }
        self.added.push((interval.clone(), id));
        if self.added.len() > ADDED_MIN.max(self.nodes.len().isqrt()) {
            self.rebuild();
        }
    }

    pub(crate) fn remove(&mut self, interval: &Interval) {
        if interval.is_single() {
            self.singles.remove(&interval.start);
        } else if let Some(at) = self.added.iter().position(|(added, _)| added == interval) {
            self.added.swap_remove(at);
        } else if let Ok(at) = self.nodes.binary_search_by(|node| node.interval.cmp(interval)) {
            self.nodes[at].dead = true;
            self.dead += 1;
            if self.dead * 2 > self.nodes.len() {
                self.rebuild();
            }
        }
    }

    /// Whether any interval holds `key`.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        if self.singles.is_empty() && self.nodes.is_empty() && self.added.is_empty() {
            return false;
        }
        let mut found = Vec::new();
        self.find(key, &mut found);
        !found.is_empty()
    }

    /// Appends the interests that `key` falls into to `found`.
    pub(super) fn find(&self, key: &[u8], found: &mut Vec<InterestId>) {
        found.extend(self.singles.get(key));
        let added = self.added.iter().filter(|(interval, _)| interval.contains(key));
        found.extend(added.map(|(_, id)| *id));
        search(&self.nodes, key, found);
    }

    fn rebuild(&mut self) {
        let kept = std::mem::take(&mut self.nodes).into_iter().filter(|node| !node.dead);
        let added = self.added.drain(..).map(|(interval, id)| Node {
            furthest: interval.end.clone(),
            interval,
            id,
            dead: false,
        });
        self.nodes = kept.chain(added).collect();
        // The stable sort finds the ordered run at the front, so this is a merge.
        self.nodes.sort_by(|left, right| left.interval.cmp(&right.interval));
        self.dead = 0;
        measure(&mut self.nodes);
    }
}

/// Sets `furthest` in every node of a tree and returns it for the whole.
fn measure(nodes: &mut [Node]) -> Option<&End> {
    if nodes.is_empty() {
        return None;
    }
    let (left, rest) = nodes.split_at_mut(nodes.len() / 2);
    let (node, right) = rest.split_first_mut()?;
    let below = measure(left).max(measure(right));
    node.furthest = below.map_or(&node.interval.end, |end| end.max(&node.interval.end)).clone();
    Some(&node.furthest)
}

fn search(nodes: &[Node], key: &[u8], found: &mut Vec<InterestId>) {
    let (left, rest) = nodes.split_at(nodes.len() / 2);
    let Some((node, right)) = rest.split_first() else { return };
    if matches!(&node.furthest, End::Before(end) if key >= &end[..]) {
        return;
    }
    search(left, key, found);
    if &node.interval.start[..] <= key {
        if !node.dead && node.interval.contains(key) {
            found.push(node.id);
        }
        search(right, key, found);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;

    use proptest::prelude::*;

    use super::*;

    fn interval(start: u8, end: u8) -> Interval {
        let end = match end {
            0 => Bytes::new(),
            1 => Bytes::from_static(b"\0"),
            other => Bytes::copy_from_slice(&[other]),
        };
        Interval::new(Bytes::copy_from_slice(&[start]), end)
    }

    proptest! {
        #[test]
        fn finds_what_a_walk_over_all_intervals_finds(
            changes in prop::collection::vec((0u8..40, 0u8..40, any::<bool>()), 1..600)
        ) {
            let mut index = IntervalIndex::default();
            let mut all = BTreeMap::new();
            for (number, (start, end, add)) in changes.into_iter().enumerate() {
                let interval = interval(start, end);
                if !add || interval.is_empty() {
                    index.remove(&interval);
                    all.remove(&interval);
                } else if let Entry::Vacant(vacant) = all.entry(interval) {
                    index.insert(vacant.key(), InterestId(number as u64));
                    vacant.insert(InterestId(number as u64));
                }
            }
            for key in 0..41u8 {
                let mut found = Vec::new();
                index.find(&[key], &mut found);
                found.sort();
                let mut expected: Vec<_> =
                    all.iter().filter(|(i, _)| i.contains(&[key])).map(|(_, id)| *id).collect();
                expected.sort();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
