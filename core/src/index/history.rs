//! The older versions of keys, oldest first.

use std::collections::VecDeque;

use braid_storage::ids::Revision;

use super::packed::{Packed, Stamp};
use super::slab::{NONE, Slab};

/// Shorter histories grow by one, so that the many keys with one or two older versions waste no
/// memory on room to grow.
const GROW_BY_ONE: usize = 4;
/// Histories with more room than this give it back when they got much shorter.
const KEEP_ROOM: usize = 64;

/// Histories by number; [`NONE`] is an empty one. None is ever stored empty.
#[derive(Debug)]
pub(super) struct Histories {
    slots: Slab<VecDeque<Packed>>,
}

impl Histories {
    pub(super) fn new() -> Self {
        Self { slots: Slab::new() }
    }

    /// Appends a version and returns the history's number.
    pub(super) fn push(&mut self, history: u32, version: Packed) -> u32 {
        if history == NONE {
            let mut versions = VecDeque::with_capacity(1);
            versions.push_back(version);
            return self.slots.insert(versions);
        }
        let versions = self.slots.get_mut(history);
        if versions.len() < GROW_BY_ONE {
            versions.reserve_exact(1);
        }
        versions.push_back(version);
        history
    }

    /// The oldest version, if there is one.
    pub(super) fn first(&self, history: u32) -> Option<&Packed> {
        self.versions(history).and_then(VecDeque::front)
    }

    /// Takes the oldest version out. Returns the number of what is left.
    pub(super) fn pop(&mut self, history: u32) -> u32 {
        let versions = self.slots.get_mut(history);
        versions.pop_front();
        if versions.is_empty() {
            self.slots.remove(history);
            return NONE;
        }
        if versions.capacity() > KEEP_ROOM && versions.len() < versions.capacity() / 4 {
            versions.shrink_to(versions.len() * 2);
        }
        history
    }

    /// The newest version that is not younger than `at`.
    pub(super) fn at(&self, history: u32, at: Revision) -> Option<&Packed> {
        let versions = self.versions(history)?;
        let behind = versions.partition_point(|version| version.revision() <= at);
        versions.get(behind.checked_sub(1)?)
    }

    /// The version with exactly this stamp.
    pub(super) fn find(&self, history: u32, stamp: Stamp) -> Option<&Packed> {
        let versions = self.versions(history)?;
        versions.binary_search_by_key(&stamp, Packed::stamp).ok().map(|n| &versions[n])
    }

    /// As [`Self::find`], to change it.
    pub(super) fn find_mut(&mut self, history: u32, stamp: Stamp) -> Option<&mut Packed> {
        if history == NONE {
            return None;
        }
        let versions = self.slots.get_mut(history);
        versions.binary_search_by_key(&stamp, Packed::stamp).ok().map(|n| &mut versions[n])
    }

    /// The version of `revision` whose value is in `slot`, to change it.
    pub(super) fn find_in_memory(
        &mut self,
        history: u32,
        revision: Revision,
        slot: u32,
    ) -> Option<&mut Packed> {
        if history == NONE {
            return None;
        }
        let versions = self.slots.get_mut(history);
        let first = versions.partition_point(|version| version.revision() < revision);
        versions
            .range_mut(first..)
            .take_while(|version| version.revision() == revision)
            .find(|version| version.slot() == Some(slot))
    }

    /// The versions at or after `from`.
    pub(super) fn since(&self, history: u32, from: Revision) -> impl Iterator<Item = &Packed> {
        let versions = self.versions(history);
        versions.into_iter().flat_map(move |versions| {
            let start = versions.partition_point(|version| version.revision() < from);
            versions.range(start..)
        })
    }

    fn versions(&self, history: u32) -> Option<&VecDeque<Packed>> {
        (history != NONE).then(|| self.slots.get(history))
    }
}
