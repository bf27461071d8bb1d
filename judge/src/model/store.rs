//! All versions of all keys, and the write under way.

use std::ops::Bound;

use braid_core::ids::Revision;
use bytes::Bytes;

use super::{Event, Keys, Model, Pair, within};

impl Model {
    /// All keys right after `revision`.
    #[must_use]
    pub fn keys_at(&self, revision: u64) -> Keys {
        self.keys_within(b"", b"\0", revision)
    }

    /// The keys of an interval right after `revision`.
    #[must_use]
    pub fn keys_within(&self, start: &[u8], range_end: &[u8], revision: u64) -> Keys {
        let from = (Bound::Included(start), Bound::Unbounded);
        let inside = self
            .versions
            .range::<[u8], _>(from)
            .take_while(|(key, _)| within(key, start, range_end))
            .map(|(key, _)| key);
        inside.filter_map(|key| Some((key.clone(), self.pair_at(key, revision)?.clone()))).collect()
    }

    /// What a key holds right after `revision`.
    #[must_use]
    pub fn pair_at(&self, key: &[u8], revision: u64) -> Option<&Pair> {
        let versions = self.versions.get(key)?;
        let until = versions.partition_point(|place| self.history[*place].revision <= revision);
        let last = versions.get(until.checked_sub(1)?)?;
        self.history[*last].put.as_ref()
    }

    /// What was changed at `revision`, in order.
    #[must_use]
    pub fn changes_at(&self, revision: u64) -> &[Event] {
        let start = self.history.partition_point(|event| event.revision < revision);
        let end = self.history.partition_point(|event| event.revision <= revision);
        &self.history[start..end]
    }

    /// Goes back to the state right after `revision`. Leases and compaction stay as they are.
    pub fn return_to(&mut self, revision: u64) {
        while self.history.last().is_some_and(|event| event.revision > revision) {
            let Some(event) = self.history.pop() else { return };
            if let Some(versions) = self.versions.get_mut(&event.key) {
                versions.pop();
            }
        }
        self.revision = self.revision.min(revision);
    }

    /// The newest keys, with what the write under way has changed already.
    pub(super) fn keys(&self) -> Keys {
        self.keys_at(u64::MAX)
    }

    /// What a key holds now, with what the write under way has changed already.
    pub(super) fn pair(&self, key: &[u8]) -> Option<&Pair> {
        self.pair_at(key, u64::MAX)
    }

    /// Adds a change to the write under way.
    pub(super) fn change(&mut self, key: Bytes, put: Option<Pair>) {
        self.versions.entry(key.clone()).or_default().push(self.history.len());
        self.history.push(Event { revision: self.revision + 1, key, put });
    }

    /// Whether the write under way has changed anything.
    fn dirty(&self) -> bool {
        self.history.last().is_some_and(|event| event.revision > self.revision)
    }

    /// The revision that an answer shows at this point of a write.
    pub(super) fn shown_revision(&self) -> Revision {
        Revision(self.revision + u64::from(self.dirty()))
    }

    /// Ends a write: what it changed, if anything, becomes a revision.
    pub(super) fn commit(&mut self) {
        self.revision += u64::from(self.dirty());
    }

    /// Ends a write as if it had never begun.
    pub(super) fn roll_back(&mut self) {
        self.return_to(self.revision);
    }
}
