//! Reading: one key, an interval, counts, each newest or at a revision.

use braid_storage::ids::Revision;
use braid_storage::planted::{Bug, planted};

use super::packed::{Packed, Place};
use super::revisions::Effect;
use super::tree::{Cursor, Keys};
use super::{Index, Stamp};
use crate::interval::{End, Interval};
use crate::kv_list::KvMeta;
use crate::version::{Found, Location, StoredValue};

/// What visiting a key costs when walking through an interval costs in changes of the list: the
/// key's record and history are scattered in memory, the list is not.
const WALK_COST: usize = 8;

impl Index {
    /// The newest version of `key`, if it lives.
    #[must_use]
    pub fn newest(&self, key: &[u8]) -> Option<Found<'_>> {
        let id = self.tree.find(&self.records, key)?;
        self.read(&self.records.newest(id))
    }

    /// The version of `key` that lived at revision `at`. Below [`Self::trimmed_to`] it may be
    /// gone.
    #[must_use]
    pub fn at(&self, key: &[u8], at: Revision) -> Option<Found<'_>> {
        let id = self.tree.find(&self.records, key)?;
        self.read(&self.version_at(id, at)?)
    }

    /// The keys of `interval` that lived at revision `at`, in key order.
    ///
    /// Takes time for every key of the interval that is held, those included that did not live at
    /// `at`; the caller bounds it by the interval.
    pub fn range<'a>(
        &'a self,
        interval: &'a Interval,
        at: Revision,
    ) -> impl Iterator<Item = (&'a [u8], Found<'a>)> {
        self.ids(interval).filter_map(move |id| {
            let found = self.found(&self.version_at(id, at)?)?;
            Some((self.records.key(id), found))
        })
    }

    /// As [`Self::range`], the newest versions. Keys that do not live cost nothing.
    pub fn range_newest<'a>(
        &'a self,
        interval: &'a Interval,
    ) -> impl Iterator<Item = (&'a [u8], Found<'a>)> {
        self.live_ids(interval).filter_map(move |id| {
            let found = self.found(&self.records.newest(id))?;
            Some((self.records.key(id), found))
        })
    }

    /// How many keys of `interval` live in the newest state. O(log n).
    #[must_use]
    pub fn count_newest(&self, interval: &Interval) -> u64 {
        let before = |key: &[u8]| self.tree.live_before(&self.records, key);
        match &interval.end {
            End::Single => u64::from(self.newest_lives(&interval.start)),
            End::Before(end) if interval.start.is_empty() => before(end),
            End::Before(end) => before(end).saturating_sub(before(&interval.start)),
            End::Open if interval.start.is_empty() => self.tree.live_count(),
            End::Open => self.tree.live_count() - before(&interval.start),
        }
    }

    /// How many keys of `interval` lived at revision `at`: the newest count, corrected by the
    /// keys created and deleted since, or a walk where that is cheaper.
    #[must_use]
    pub fn count(&self, interval: &Interval, at: Revision) -> u64 {
        if interval.is_single() {
            return u64::from(self.at(&interval.start, at).is_some());
        }
        let newest = self.count_newest(interval);
        let missed = usize::from(planted(Bug::WrongOldCount));
        let position = (self.revisions.position(at.next()) + missed).min(self.revisions.len());
        let changes = self.revisions.len() - position;
        if changes / WALK_COST <= newest as usize {
            newest.wrapping_add_signed(-self.growth_since(position, interval))
        } else {
            self.count_by_walk(interval, at)
        }
    }

    /// By how many live keys `interval` has grown by the changes from `position` on.
    fn growth_since(&self, position: usize, interval: &Interval) -> i64 {
        let all = interval.start.is_empty() && interval.end == End::Open;
        let contains = |id| all || interval.contains(self.records.key(id));
        let growth = |change: super::Change| match change.effect {
            Effect::Created if contains(change.id) => 1,
            Effect::Deleted if contains(change.id) => -1,
            _ => 0,
        };
        self.revisions.iter_from(position).map(growth).sum()
    }

    fn count_by_walk(&self, interval: &Interval, at: Revision) -> u64 {
        let lived = |id: &u32| self.version_at(*id, at).is_some_and(|version| version.is_live());
        self.ids(interval).filter(lived).count() as u64
    }

    fn newest_lives(&self, key: &[u8]) -> bool {
        let id = self.tree.find(&self.records, key);
        id.is_some_and(|id| self.records.newest(id).is_live())
    }

    /// The records of the keys in `interval`, in key order, dead ones included.
    pub(super) fn ids(&self, interval: &Interval) -> impl Iterator<Item = u32> {
        self.walk(interval, |index, cursor| index.tree.next(cursor).map(|(id, _)| id))
    }

    fn live_ids(&self, interval: &Interval) -> impl Iterator<Item = u32> {
        self.walk(interval, |index, cursor| index.tree.next_live(cursor))
    }

    fn walk(
        &self,
        interval: &Interval,
        next: impl Fn(&Self, &mut Cursor) -> Option<u32>,
    ) -> impl Iterator<Item = u32> {
        let mut cursor = self.tree.seek(&self.records, &interval.start);
        std::iter::from_fn(move || next(self, &mut cursor))
            .take_while(|id| !interval.is_before(self.records.key(*id)))
    }

    /// The version or tombstone that was the newest of a record's key at revision `at`.
    pub(super) fn version_at(&self, id: u32, at: Revision) -> Option<Packed> {
        let newest = self.records.newest(id);
        if newest.revision() <= at {
            return Some(newest);
        }
        self.histories.at(self.records.history(id), at).copied()
    }

    /// The version or tombstone that the change with this stamp made, if it is still held.
    pub(super) fn version_of(&self, id: u32, stamp: Stamp) -> Option<Packed> {
        let newest = self.records.newest(id);
        if newest.stamp() == stamp {
            return Some(newest);
        }
        self.histories.find(self.records.history(id), stamp).copied()
    }

    /// What is known of a live version, for a reader of this very key.
    fn read(&self, version: &Packed) -> Option<Found<'_>> {
        if let Some(slot) = version.slot() {
            self.values.mark_read(slot);
        }
        self.found(version)
    }

    /// What is known of a live version; nothing of a tombstone.
    pub(super) fn found(&self, version: &Packed) -> Option<Found<'_>> {
        if !version.is_live() {
            return None;
        }
        let meta = KvMeta {
            create_revision: version.create_revision(),
            mod_revision: version.revision(),
            version: version.version(),
            lease: self.leases.get(version.lease()),
        };
        Some(Found { meta, sub: version.stamp().sub, value: self.stored(version) })
    }

    fn stored(&self, version: &Packed) -> StoredValue<'_> {
        let segment = self.segments.get(version.segment());
        let (len, crc) = (version.value_len(), version.crc());
        let (offset, bytes) = match version.place() {
            Place::Memory(slot) => (self.values.offset(slot), Some(self.values.get(slot, len))),
            Place::Disk(offset) => (offset, (len == 0).then_some(&[][..])),
        };
        StoredValue { location: Location { segment, offset }, len, crc, bytes }
    }
}
