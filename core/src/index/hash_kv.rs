//! etcd's HashKV: a checksum over every held change up to a revision.
//!
//! The records of all shards of a member go into one checksum in the order of (revision, sub).
//! [`Index::records`] lists those of one shard; the caller merges the lists, reads the values
//! that are not in memory, and feeds the [`Hasher`].

use braid_storage::ids::{LeaseId, Revision};

use super::Index;
use super::packed::{Packed, Stamp};
use super::tree::Keys;
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::version::Found;

/// What a checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashScope {
    /// The last revision that counts; not below `compacted`.
    pub upto: Revision,
    /// The last compacted revision; 0 when there was none.
    pub compacted: Revision,
    /// Whether no key at all, on any shard, lived at `upto`. etcd then hashes what lived at the
    /// compacted revision instead.
    pub nothing_lives: bool,
}

/// Names a held version or tombstone of a shard. Sorts by (revision, sub).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// Revision of the write.
    pub revision: Revision,
    /// The change's place among all changes of the write.
    pub sub: u32,
    id: u32,
}

/// A held version or tombstone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordRef<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version; none for a tombstone.
    pub found: Option<Found<'a>>,
}

impl Index {
    /// The versions and tombstones in `scope`, in order: all above the compacted revision, and up
    /// to it those that lived at `scope.upto`. Time and memory (16 bytes each) grow with the number
    /// of held versions.
    #[must_use]
    pub fn records(&self, scope: HashScope) -> Vec<RecordId> {
        let mut records = Vec::new();
        for id in self.ids(&Interval::everything()) {
            let newest = self.records.newest(id);
            let older = self.histories.since(self.records.history(id), Revision::default());
            for version in older.chain([&newest]).filter(|v| self.is_hashed(id, v, scope)) {
                let Stamp { revision, sub } = version.stamp();
                records.push(RecordId { revision, sub, id });
            }
        }
        records.sort_unstable();
        records
    }

    /// A record that [`Self::records`] named, unless a compaction has dropped it since.
    #[must_use]
    pub fn record(&self, RecordId { revision, sub, id }: RecordId) -> Option<RecordRef<'_>> {
        // The number may name another key by now, or nothing; stamps are never given twice.
        let held = self.records.holds(id);
        let version = held.then(|| self.version_of(id, Stamp { revision, sub })).flatten()?;
        Some(RecordRef { key: self.records.key(id), found: self.found(&version) })
    }

    fn is_hashed(&self, id: u32, version: &Packed, scope: HashScope) -> bool {
        let revision = version.revision();
        if revision > scope.upto || revision > scope.compacted {
            return revision <= scope.upto;
        }
        let at = if scope.nothing_lives { scope.compacted } else { scope.upto };
        version.is_live() && self.version_at(id, at).is_some_and(|kept| kept == *version)
    }
}

/// The checksum, fed record by record in the order of (revision, sub) over all shards.
#[derive(Clone, Copy, Debug)]
pub struct Hasher {
    crc: u32,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// A checksum over nothing but the name of etcd's bucket.
    #[must_use]
    pub fn new() -> Self {
        Self { crc: crc32c::crc32c(b"key") }
    }

    /// Adds a live version.
    pub fn put(&mut self, key: &[u8], sub: u32, meta: &KvMeta, value: &[u8]) {
        self.stamp(meta.mod_revision, sub);
        self.bytes_field(1, key);
        self.number_field(2, meta.create_revision.0);
        self.number_field(3, meta.mod_revision.0);
        self.number_field(4, meta.version);
        self.bytes_field(5, value);
        let LeaseId(lease) = meta.lease;
        self.number_field(6, lease.cast_unsigned());
    }

    /// Adds a tombstone.
    pub fn delete(&mut self, key: &[u8], revision: Revision, sub: u32) {
        self.stamp(revision, sub);
        self.add(b"t");
        self.bytes_field(1, key);
    }

    /// The checksum of all that was added.
    #[must_use]
    pub fn finish(self) -> u32 {
        self.crc
    }

    fn stamp(&mut self, revision: Revision, sub: u32) {
        self.add(&revision.0.to_be_bytes());
        self.add(b"_");
        self.add(&u64::from(sub).to_be_bytes());
    }

    /// A protobuf field of bytes; left out when empty, as proto3 has it.
    fn bytes_field(&mut self, field: u8, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.add(&[field << 3 | 2]);
            self.varint(bytes.len() as u64);
            self.add(bytes);
        }
    }

    /// A protobuf field with a number; left out when 0.
    fn number_field(&mut self, field: u8, number: u64) {
        if number != 0 {
            self.add(&[field << 3]);
            self.varint(number);
        }
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.add(&[number as u8 | 0x80]);
            number >>= 7;
        }
        self.add(&[number as u8]);
    }

    fn add(&mut self, bytes: &[u8]) {
        self.crc = crc32c::crc32c_append(self.crc, bytes);
    }
}
