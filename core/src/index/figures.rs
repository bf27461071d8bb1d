//! Figures about the index.

use super::Index;
use super::packed::Packed;

/// About what a version takes in the log beside its key and value.
pub(super) const VERSION_BYTES: u64 = 16;

/// About what one version of `key` takes in the log, in bytes.
pub(super) fn log_bytes(key: &[u8], version: &Packed) -> u64 {
    VERSION_BYTES + key.len() as u64 + u64::from(version.value_len())
}

impl Index {
    /// How many keys live in the newest state.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.live_count()
    }

    /// Whether no key lives in the newest state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About what all held versions and tombstones take in the log, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }
}
