//! What a shard has applied: its index, and which keys are attached to which lease.

use braid_storage::ids::{LeaseId, Revision};

use crate::attachments::Attachments;
use crate::index::{Index, NewVersion};

/// A shard's applied state.
#[derive(Default)]
pub struct ShardState {
    pub(super) index: Index,
    pub(super) attachments: Attachments,
}

impl ShardState {
    /// The index.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The same, for compaction and the value cache.
    pub fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// Applies a put.
    pub fn put(&mut self, key: &[u8], revision: Revision, sub: u32, version: NewVersion<'_>) {
        self.move_attachment(key, version.lease);
        self.index.put(key, revision, sub, version);
    }

    /// Applies a delete.
    pub fn delete(&mut self, key: &[u8], revision: Revision, sub: u32) {
        self.move_attachment(key, LeaseId(0));
        self.index.delete(key, revision, sub);
    }

    /// Whether keys are attached to `lease`.
    #[must_use]
    pub fn has_keys_of(&self, lease: LeaseId) -> bool {
        self.attachments.keys(lease).next().is_some()
    }

    fn move_attachment(&mut self, key: &[u8], to: LeaseId) {
        if to == LeaseId(0) && self.attachments.is_empty() {
            return;
        }
        let from = self.index.newest(key).map_or(LeaseId(0), |found| found.meta.lease);
        self.attachments.moved(key, from, to);
    }
}
