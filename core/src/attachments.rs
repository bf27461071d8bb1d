//! Which committed keys of a shard are attached to which lease.

use std::collections::{BTreeSet, HashMap};

use braid_storage::ids::LeaseId;

/// The attached keys by lease.
#[derive(Default)]
pub struct Attachments {
    keys: HashMap<LeaseId, BTreeSet<Box<[u8]>>>,
}

impl Attachments {
    /// Moves `key` from lease `from` to lease `to`; 0 is no lease.
    pub fn moved(&mut self, key: &[u8], from: LeaseId, to: LeaseId) {
        if from == to {
            return;
        }
        if let Some(keys) = self.keys.get_mut(&from) {
            keys.remove(key);
            if keys.is_empty() {
                self.keys.remove(&from);
            }
        }
        if to != LeaseId(0) {
            self.keys.entry(to).or_default().insert(key.into());
        }
    }

    /// The keys of `lease` in order.
    pub fn keys(&self, lease: LeaseId) -> impl Iterator<Item = &[u8]> {
        self.keys.get(&lease).into_iter().flatten().map(|key| &key[..])
    }

    /// Whether no key is attached to any lease.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
