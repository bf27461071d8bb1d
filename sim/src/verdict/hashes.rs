//! Whether the checksum of one stretch of history is the same whoever computes it, and whenever.

use std::collections::BTreeMap;

use braid_core::api::Response;

use crate::failure::{Failure, Verdict};

/// The checksums that were told.
#[derive(Clone, Debug, Default)]
pub struct Hashes {
    /// By the hashed and the compacted revision.
    seen: BTreeMap<(i64, i64), u32>,
}

impl Hashes {
    /// A checksum was told.
    ///
    /// # Errors
    /// When it was another one before.
    pub fn answered(&mut self, response: &Response) -> Verdict {
        let Response::HashKv { hash, compact_revision, hash_revision, .. } = response else {
            return Ok(());
        };
        let place = (*hash_revision, *compact_revision);
        let before = *self.seen.entry(place).or_insert(*hash);
        if before == *hash {
            return Ok(());
        }
        let evidence = format!("{before:x} before, now {response:?}");
        Err(Failure::new("a checksum never changes", evidence))
    }
}
