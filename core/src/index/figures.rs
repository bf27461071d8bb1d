//! Figures about the index.

use super::Index;

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

    /// Bytes of the keys and values of all newest live versions.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }
}
