//! Which values are in memory.

use braid_storage::ids::Revision;

use super::Index;
use super::packed::{Packed, Stamp};
use super::slab::NONE;
use super::values::Owner;

impl Index {
    /// Bytes of memory that values take.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        self.values.resident_bytes()
    }

    /// Keeps the bytes of a value that was read from disk: of `key`'s version with the mod
    /// revision `modified`, if it is still held.
    pub fn warm(&mut self, key: &[u8], modified: Revision, bytes: &[u8]) {
        let Some(id) = self.tree.find(&self.records, key) else { return };
        let Some(version) = self.version_at(id, modified) else { return };
        let same = version.revision() == modified && version.value_len() as usize == bytes.len();
        if same && version.is_live() && version.slot() == NONE {
            self.keep(Owner { id, stamp: version.stamp() }, bytes);
        }
    }

    /// Drops values from memory until they take at most `target_resident_bytes`, looking at no
    /// more than `budget` of them; those that were read by key since the last time go last.
    /// Call it again while [`Self::resident_bytes`] is above the target.
    pub fn evict(&mut self, target_resident_bytes: usize, budget: usize) {
        for _ in 0..budget {
            if self.values.resident_bytes() <= target_resident_bytes {
                return;
            }
            if let Some((slot, owner)) = self.values.tick() {
                self.values.remove(slot);
                self.change_version(owner, |version| version.set_slot(NONE));
            }
        }
    }

    /// Keeps the bytes of a version that is held.
    pub(super) fn keep(&mut self, owner: Owner, bytes: &[u8]) {
        if !bytes.is_empty() {
            let slot = self.values.insert(owner, bytes);
            self.change_version(owner, |version| version.set_slot(slot));
        }
    }

    fn change_version(&mut self, Owner { id, stamp }: Owner, change: impl FnOnce(&mut Packed)) {
        let mut newest = self.records.newest(id);
        if newest.stamp() == stamp {
            change(&mut newest);
            self.records.set_newest(id, &newest);
        } else if let Some(version) = self.find_older(id, stamp) {
            change(version);
        }
    }

    fn find_older(&mut self, id: u32, stamp: Stamp) -> Option<&mut Packed> {
        self.histories.find_mut(self.records.history(id), stamp)
    }
}
