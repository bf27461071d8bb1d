//! What is known of one version of a key.

use braid_storage::ids::Revision;

use crate::kv_list::KvMeta;

pub use braid_storage::ids::Location;

/// A value as the index knows it: always on disk, perhaps in memory too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredValue<'a> {
    /// Where it lies on disk.
    pub location: Location,
    /// Its length in bytes.
    pub len: u32,
    /// CRC-32C of its bytes.
    pub crc: u32,
    /// Its bytes, when they are in memory.
    pub bytes: Option<&'a [u8]>,
}

/// A live version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Revisions, version, lease.
    pub meta: KvMeta,
    /// Its change's place inside the write at `meta.mod_revision`.
    pub sub: u32,
    /// The value.
    pub value: StoredValue<'a>,
}

/// A value that must be read from disk before a request can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdValue {
    /// Where it lies.
    pub location: Location,
    /// Its length in bytes.
    pub len: u32,
    /// CRC-32C that its bytes must have.
    pub crc: u32,
}

/// The state of some keys that a request is evaluated against.
///
/// "Newest" includes writes that are still in flight; reads at a revision see what is committed.
pub trait View {
    /// The newest version of `key`, if it lives.
    fn get(&self, key: &[u8]) -> Option<Found<'_>>;

    /// Calls `visitor` with each key that lives in the newest state of `interval`, in key order,
    /// until it returns `false`.
    fn visit(
        &self,
        interval: &crate::interval::Interval,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    );

    /// How many keys of `interval` live in the newest state.
    fn count(&self, interval: &crate::interval::Interval) -> u64;

    /// As [`Self::visit`], at an older revision (not compacted, not in the future).
    fn visit_at(
        &self,
        interval: &crate::interval::Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    );

    /// As [`Self::count`], at an older revision.
    fn count_at(&self, interval: &crate::interval::Interval, at: Revision) -> u64;
}
