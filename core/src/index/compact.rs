//! Compaction: forgetting old versions, slice by slice.
//!
//! etcd's rule for a compaction at revision C: of each key the newest version at or below C
//! stays, unless it is a tombstone below C.
//!
//! Every held version is either the oldest of its key or has its change in the list, so going
//! through the list drops what is due without looking at any other key: each change below C
//! drops the one version before it, and itself if it is a tombstone, and leaves the list; each
//! change at C drops the version before it and stays in the list, since watchers may start at C.

use braid_storage::ids::Revision;
use braid_storage::planted::{Bug, planted};

use super::figures::log_bytes;
use super::packed::{Packed, Stamp};
use super::revisions::Effect;
use super::slab::NONE;
use super::tree::Keys;
use super::{Change, Index};

/// What a slice of a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactProgress {
    /// Whether everything that the compaction drops is gone.
    pub finished: bool,
    /// Versions and tombstones that this slice dropped.
    pub dropped: usize,
}

impl Index {
    /// Drops versions that a compaction at `revision` makes unreachable, looking at no more than
    /// `budget` changes. Call it again until it is finished. A revision that is already compacted
    /// changes nothing; a higher one may follow before the last one is finished.
    ///
    /// From the first slice on, nothing below `revision` can be read reliably.
    pub fn compact(&mut self, revision: Revision, budget: usize) -> CompactProgress {
        if revision > self.trimmed_to {
            self.trimmed_to = revision;
            self.examined = 0;
        }
        let mut dropped = 0;
        for _ in 0..budget {
            let Some(change) = self.next_to_compact() else {
                return CompactProgress { finished: true, dropped };
            };
            dropped += self.compact_change(change);
        }
        CompactProgress { finished: self.next_to_compact().is_none(), dropped }
    }

    /// Below this revision reads may be incomplete.
    #[must_use]
    pub fn trimmed_to(&self) -> Revision {
        self.trimmed_to
    }

    fn next_to_compact(&self) -> Option<Change> {
        let first = self.revisions.first()?;
        if first.stamp.revision < self.trimmed_to {
            return Some(first);
        }
        let next =
            (self.examined < self.revisions.len()).then(|| self.revisions.get(self.examined));
        next.filter(|change| change.stamp.revision == self.trimmed_to)
    }

    /// Returns how many versions were dropped.
    fn compact_change(&mut self, change: Change) -> usize {
        let dropped = self.drop_before(change.id, change.stamp);
        if change.stamp.revision == self.trimmed_to {
            self.examined += 1;
            return dropped;
        }
        self.revisions.pop();
        if change.effect != Effect::Deleted {
            return dropped;
        }
        dropped + self.drop_tombstone(change.id, change.stamp)
    }

    /// Drops the versions of a record's key that are older than `stamp`.
    fn drop_before(&mut self, id: u32, stamp: Stamp) -> usize {
        let mut dropped = 0;
        let too_much = |v: &Packed| v.stamp() == stamp && planted(Bug::CompactTooMuch);
        let due = |v: &Packed| v.stamp() < stamp || too_much(v);
        while let Some(oldest) = self.oldest_in_history(id).filter(due) {
            self.drop_oldest(id, oldest);
            dropped += 1;
        }
        dropped
    }

    /// Drops the tombstone with this stamp, the oldest that is left of the key; with it the whole
    /// key when nothing followed.
    fn drop_tombstone(&mut self, id: u32, stamp: Stamp) -> usize {
        match self.oldest_in_history(id) {
            Some(oldest) if oldest.stamp() == stamp => self.drop_oldest(id, oldest),
            None if self.records.newest(id).stamp() == stamp => {
                let key = self.records.key(id);
                self.held_bytes -= log_bytes(key, &self.records.newest(id));
                self.tree.remove(&self.records, key);
                self.records.remove(id);
            }
            _ => return 0,
        }
        1
    }

    fn oldest_in_history(&self, id: u32) -> Option<Packed> {
        let history = self.records.history(id);
        if history == NONE { None } else { self.histories.first(history).copied() }
    }

    fn drop_oldest(&mut self, id: u32, oldest: Packed) {
        self.held_bytes -= log_bytes(self.records.key(id), &oldest);
        let rest = self.histories.pop(self.records.history(id));
        self.records.set_history(id, rest);
        if let Some(slot) = oldest.slot() {
            self.values.remove(slot);
        }
        self.leases.release(oldest.lease());
        self.segments.release(oldest.segment());
    }
}
