//! Which values are in memory.

use braid_storage::ids::Revision;

use super::Index;
use super::packed::{Place, Stamp};
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
        if let Place::Disk(offset) = version.place()
            && same
            && version.is_live()
        {
            self.keep(id, version.stamp(), offset, bytes);
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
                self.let_go(slot, owner);
            }
        }
    }

    /// Keeps the bytes of a version that is held and whose value lies at `offset` of its segment.
    pub(super) fn keep(&mut self, id: u32, stamp: Stamp, offset: u32, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let slot = self.values.insert(Owner { id, revision: stamp.revision, offset }, bytes);
        let mut newest = self.records.newest(id);
        if newest.stamp() == stamp {
            newest.set_place(Place::Memory(slot));
            self.records.set_newest(id, &newest);
        } else if let Some(version) = self.histories.find_mut(self.records.history(id), stamp) {
            version.set_place(Place::Memory(slot));
        }
    }

    fn let_go(&mut self, slot: u32, Owner { id, revision, offset }: Owner) {
        self.values.remove(slot);
        let mut newest = self.records.newest(id);
        if newest.slot() == Some(slot) {
            newest.set_place(Place::Disk(offset));
            self.records.set_newest(id, &newest);
        } else if let Some(version) =
            self.histories.find_in_memory(self.records.history(id), revision, slot)
        {
            version.set_place(Place::Disk(offset));
        }
    }
}
