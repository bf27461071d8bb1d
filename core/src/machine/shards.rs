//! The shards of one core, seen as one state.

use braid_storage::ids::{GroupId, Revision};

use crate::evaluate::PlannedChange;
use crate::interval::Interval;
use crate::routing::Routing;
use crate::shard::{Interested, Shard};
use crate::version::{Found, View};

/// All shards of a core.
pub struct Shards {
    routing: Routing,
    /// Ascending by id.
    shards: Vec<Shard>,
    /// The newest revision evaluated in any of them.
    last_taken: Revision,
}

impl Shards {
    /// The shards of one core; `shards` are its own, by `routing`.
    #[must_use]
    pub fn new(routing: Routing, mut shards: Vec<Shard>) -> Self {
        shards.sort_by_key(Shard::id);
        let last_taken = shards.iter().map(Shard::last_taken).max().unwrap_or(Revision::FRESH);
        Self { routing, shards, last_taken }
    }

    /// The shard that owns `key`, if it lives here.
    #[must_use]
    pub fn owner(&self, key: &[u8]) -> Option<&Shard> {
        self.shard(self.routing.shard_of(key))
    }

    /// A shard by its name, if it lives here.
    #[must_use]
    pub fn shard(&self, id: GroupId) -> Option<&Shard> {
        let at = self.shards.binary_search_by_key(&id, Shard::id).ok()?;
        Some(&self.shards[at])
    }

    /// As [`Self::shard`], to change it.
    pub fn shard_mut(&mut self, id: GroupId) -> Option<&mut Shard> {
        let at = self.shards.binary_search_by_key(&id, Shard::id).ok()?;
        Some(&mut self.shards[at])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter()
    }

    /// All of them, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut()
    }

    /// The newest revision evaluated in any shard.
    #[must_use]
    pub fn last_taken(&self) -> Revision {
        self.last_taken
    }

    /// Below this revision reads may be incomplete.
    #[must_use]
    pub fn trimmed_to(&self) -> Revision {
        self.iter().map(|shard| shard.index().trimmed_to()).max().unwrap_or_default()
    }

    /// Hands a shard of this core its part of an evaluated write; see [`Shard::write`].
    ///
    /// # Panics
    /// When the shard lives elsewhere.
    pub fn write(
        &mut self,
        id: GroupId,
        revision: Revision,
        participants: Vec<GroupId>,
        changes: Vec<PlannedChange>,
        interested: &dyn Fn(&[u8]) -> Interested,
    ) {
        let shard = self.shard_mut(id).expect("a write is routed to its shards' core");
        shard.write(revision, participants, changes, interested);
        self.last_taken = self.last_taken.max(revision);
    }
}

/// The next element of one shard's walk.
type Head<'a> = Option<(&'a [u8], Found<'a>)>;

/// Merges walks over shards by key; calls `visitor` until it returns `false`.
fn merge<'a>(
    mut walks: Vec<impl Iterator<Item = (&'a [u8], Found<'a>)>>,
    visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
) {
    let mut heads: Vec<Head<'a>> = walks.iter_mut().map(Iterator::next).collect();
    loop {
        let keys = heads.iter().enumerate().filter_map(|(at, head)| Some((head.as_ref()?.0, at)));
        let Some((_, lowest)) = keys.min() else { return };
        let next = walks[lowest].next();
        let Some((key, found)) = std::mem::replace(&mut heads[lowest], next) else { return };
        if !visitor(key, found) {
            return;
        }
    }
}

impl View for Shards {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.owner(key)?.newest(key)
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        if interval.is_single() {
            if let Some(found) = self.get(&interval.start) {
                visitor(&interval.start, found);
            }
            return;
        }
        merge(self.shards.iter().map(|shard| shard.newest_range(interval)).collect(), visitor);
    }

    fn count(&self, interval: &Interval) -> u64 {
        if interval.is_single() {
            return u64::from(self.get(&interval.start).is_some());
        }
        self.shards.iter().map(|shard| shard.count_newest(interval)).sum()
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        if interval.is_single() {
            let owner = self.owner(&interval.start);
            if let Some(found) = owner.and_then(|shard| shard.index().at(&interval.start, at)) {
                visitor(&interval.start, found);
            }
            return;
        }
        merge(self.shards.iter().map(|shard| shard.index().range(interval, at)).collect(), visitor);
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        if interval.is_single() {
            let owner = self.owner(&interval.start);
            return owner.and_then(|shard| shard.index().at(&interval.start, at)).is_some().into();
        }
        self.shards.iter().map(|shard| shard.index().count(interval, at)).sum()
    }
}

/// The applied state alone: what readers see.
pub struct Applied<'a>(pub &'a Shards);

impl View for Applied<'_> {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.0.owner(key)?.index().newest(key)
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        if interval.is_single() {
            if let Some(found) = self.get(&interval.start) {
                visitor(&interval.start, found);
            }
            return;
        }
        merge(self.0.iter().map(|shard| shard.index().range_newest(interval)).collect(), visitor);
    }

    fn count(&self, interval: &Interval) -> u64 {
        if interval.is_single() {
            return u64::from(self.get(&interval.start).is_some());
        }
        self.0.iter().map(|shard| shard.index().count_newest(interval)).sum()
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        self.0.visit_at(interval, at, visitor);
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        self.0.count_at(interval, at)
    }
}
