//! What changed: all changes in the order of revisions, for watchers that catch up.

use std::ops::ControlFlow;

use braid_storage::ids::Revision;

use super::Index;
use super::packed::{Packed, Stamp};
use super::tree::Keys;
use crate::interval::Interval;
use crate::version::Found;

/// One change of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeRef<'a> {
    /// Revision of the write.
    pub revision: Revision,
    /// The change's place among all changes of the write.
    pub sub: u32,
    /// The key.
    pub key: &'a [u8],
    /// The version that the change made; none for a delete.
    pub found: Option<Found<'a>>,
    /// What lived at the revision before. None when the change created the key, and when that
    /// revision lies below [`Index::trimmed_to`].
    pub prev: Option<Found<'a>>,
}

impl Index {
    /// Calls `visitor` with the changes from revision `from` to revision `to`, both included, in
    /// the order of (revision, sub), until it returns `false`.
    ///
    /// Changes that a compaction dropped are missing: below [`Self::trimmed_to`] all but the
    /// newest of each key, at that revision at most those that a later one of the same write
    /// undid.
    pub fn changes(
        &self,
        from: Revision,
        to: Revision,
        visitor: &mut dyn FnMut(ChangeRef<'_>) -> bool,
    ) {
        self.scan(from, to, |id, stamp| self.tell(id, stamp, visitor));
    }

    /// As [`Self::changes`], only the keys in `interval`. For a single key it looks at that key's
    /// history, otherwise at every change between the revisions: the caller bounds the time by
    /// `to`.
    pub fn changes_in(
        &self,
        interval: &Interval,
        from: Revision,
        to: Revision,
        visitor: &mut dyn FnMut(ChangeRef<'_>) -> bool,
    ) {
        if interval.is_single() {
            return self.changes_of(&interval.start, from, to, visitor);
        }
        self.scan(from, to, |id, stamp| {
            if interval.contains(self.records.key(id)) {
                self.tell(id, stamp, visitor)
            } else {
                ControlFlow::Continue(())
            }
        });
    }

    fn changes_of(
        &self,
        key: &[u8],
        from: Revision,
        to: Revision,
        visitor: &mut dyn FnMut(ChangeRef<'_>) -> bool,
    ) {
        let Some(id) = self.tree.find(&self.records, key) else { return };
        let newest = self.records.newest(id);
        let versions = self.histories.since(self.records.history(id), from).copied();
        for version in versions.chain([newest]) {
            let revision = version.revision();
            if revision > to {
                return;
            }
            if revision >= from && !visitor(self.change(id, &version)) {
                return;
            }
        }
    }

    fn scan(
        &self,
        from: Revision,
        to: Revision,
        mut visit: impl FnMut(u32, Stamp) -> ControlFlow<()>,
    ) {
        for change in self.revisions.iter_from(self.revisions.position(from)) {
            if change.stamp.revision > to || visit(change.id, change.stamp).is_break() {
                return;
            }
        }
    }

    /// Tells the visitor of a change if it is still held.
    fn tell(
        &self,
        id: u32,
        stamp: Stamp,
        visitor: &mut dyn FnMut(ChangeRef<'_>) -> bool,
    ) -> ControlFlow<()> {
        match self.version_of(id, stamp) {
            Some(version) if !visitor(self.change(id, &version)) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn change(&self, id: u32, version: &Packed) -> ChangeRef<'_> {
        let Stamp { revision, sub } = version.stamp();
        let created = version.is_live() && version.create_revision() == revision;
        let before = (!created && revision > self.trimmed_to)
            .then(|| self.version_at(id, revision.previous()))
            .flatten();
        ChangeRef {
            revision,
            sub,
            key: self.records.key(id),
            found: self.found(version),
            prev: before.and_then(|before| self.found(&before)),
        }
    }
}
