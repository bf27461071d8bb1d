//! The index of a shard: keys in order, the history of each, and all changes by revision.
//!
//! It holds committed versions only; writes in flight are an overlay elsewhere. Values are always
//! on disk and, within a budget that the owner enforces by [`Index::evict`], in memory too.
//!
//! How the pieces fit: a key and its newest version are one record ([`records`]), named by a
//! number that the ordered map ([`tree`]) and the list of changes ([`revisions`]) hold. Older
//! versions of a key are its history ([`history`]), which only keys with older versions have.
//! Goal: about 64 bytes of memory for each key beside the key itself.
//!
//! Non-goals: I/O, revisions in flight, which keys a lease has.

mod changes;
mod compact;
mod figures;
pub mod hash_kv;
mod header;
mod history;
mod numbers;
mod packed;
mod pages;
mod read;
mod records;
mod resident;
mod revisions;
mod slab;
#[cfg(test)]
mod tests;
mod tree;
mod values;

pub use changes::ChangeRef;
pub use compact::CompactProgress;
pub use hash_kv::{HashScope, Hasher, RecordId, RecordRef};

use braid_storage::ids::{LeaseId, Revision, SegmentId};

use crate::version::Location;

use history::Histories;
use numbers::Numbers;
use packed::{Body, Packed, Place, Stamp};
use records::Records;
use revisions::{Change, Effect, Revisions};
use tree::Tree;
use values::Values;

/// The committed versions of one shard's keys.
#[derive(Debug)]
pub struct Index {
    tree: Tree,
    records: Records,
    histories: Histories,
    revisions: Revisions,
    values: Values,
    leases: Numbers<LeaseId>,
    segments: Numbers<SegmentId>,
    /// What all held versions take in the log, about.
    held_bytes: u64,
    trimmed_to: Revision,
    /// Changes at `trimmed_to` itself whose predecessors the compaction under way has dropped.
    examined: usize,
}

/// A version that is put into the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewVersion<'a> {
    /// Revision at which the key came into being.
    pub create_revision: Revision,
    /// Changes since then, this one included; at least 1.
    pub version: u64,
    /// The lease that the key is attached to.
    pub lease: LeaseId,
    /// Where the value lies on disk.
    pub location: Location,
    /// Its length in bytes.
    pub len: u32,
    /// CRC-32C of its bytes.
    pub crc: u32,
    /// Its bytes, to keep them in memory.
    pub bytes: Option<&'a [u8]>,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An index without keys.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tree: Tree::new(),
            records: Records::new(),
            histories: Histories::new(),
            revisions: Revisions::default(),
            values: Values::default(),
            leases: Numbers::new(),
            segments: Numbers::new(),
            held_bytes: 0,
            trimmed_to: Revision::default(),
            examined: 0,
        }
    }

    /// Whether change number `sub` of the write at `revision` may come next. `live` is the create
    /// revision and version of a put; a delete has none. What comes from a disk is asked first.
    #[must_use]
    pub fn admits(&self, revision: Revision, sub: u32, live: Option<(Revision, u64)>) -> bool {
        let stamp = Stamp { revision, sub };
        self.revisions.last().is_none_or(|last| last.stamp < stamp) && Packed::fits(stamp, live)
    }

    /// Gives `key` a new version, the change number `sub` of the write at `revision`.
    ///
    /// # Panics
    /// When the change is not one that [`Self::admits`] lets through.
    pub fn put(&mut self, key: &[u8], revision: Revision, sub: u32, v: NewVersion<'_>) {
        assert!(v.version > 0, "a live version counts at least one change, at revision {revision}");
        let stamp = Stamp { revision, sub };
        let body = Body {
            create_revision: v.create_revision,
            version: v.version,
            lease: self.leases.acquire(v.lease),
            segment: self.segments.acquire(v.location.segment),
            place: Place::Disk(v.location.offset),
            len: v.len,
            crc: v.crc,
        };
        let id = self.apply(key, Packed::live(stamp, body));
        if let Some(bytes) = v.bytes {
            self.keep(id, stamp, v.location.offset, bytes);
        }
    }

    /// Deletes `key`, by the change number `sub` of the write at `revision`. The key lives, or
    /// everything older of it was dropped by a compaction at `revision`.
    ///
    /// # Panics
    /// When the change is not one that [`Self::admits`] lets through.
    pub fn delete(&mut self, key: &[u8], revision: Revision, sub: u32) {
        self.apply(key, Packed::tombstone(Stamp { revision, sub }));
    }

    /// Makes `newest` the newest version of `key` and returns the key's record.
    fn apply(&mut self, key: &[u8], newest: Packed) -> u32 {
        let found = self.tree.find(&self.records, key);
        let lived = found.is_some_and(|id| self.records.newest(id).is_live());
        let id = match found {
            Some(id) => self.supersede(id, key, &newest),
            None => self.insert(key, &newest),
        };
        self.held_bytes += figures::log_bytes(key, &newest);
        let effect = match (lived, newest.is_live()) {
            (false, true) => Effect::Created,
            (true, true) => Effect::Updated,
            (_, false) => Effect::Deleted,
        };
        self.revisions.push(Change { stamp: newest.stamp(), id, effect });
        id
    }

    fn insert(&mut self, key: &[u8], newest: &Packed) -> u32 {
        let id = self.records.insert(key, newest);
        self.tree.insert(&self.records, id, newest.is_live());
        id
    }

    /// Moves the newest version of a record into its history and puts `newest` in its place.
    fn supersede(&mut self, id: u32, key: &[u8], newest: &Packed) -> u32 {
        let old = self.records.newest(id);
        let history = self.histories.push(self.records.history(id), old);
        self.records.set_history(id, history);
        self.records.set_newest(id, newest);
        if old.is_live() != newest.is_live() {
            self.tree.set_live(&self.records, key, newest.is_live());
        }
        id
    }
}
