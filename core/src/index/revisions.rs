//! All changes of a shard by revision, most of them in 3 to 5 bytes.

mod sealed;

use std::collections::VecDeque;

use braid_storage::ids::Revision;

use super::packed::Stamp;
use sealed::Sealed;

/// Most changes in one chunk. Chunks are never moved, so that growing does not copy; and the numbers
/// of as many new records, which follow each other, differ in one byte only.
const CHUNK: usize = 250;
/// Bits of an item's number that tell what the change did.
const EFFECT_BITS: u32 = 2;
/// How far the revisions of a chunk's changes may lie above its first one's.
const SPAN: u64 = 1 << (32 - EFFECT_BITS);

/// What a change did to the number of live keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The key had not lived before.
    Created = 0,
    /// The key lived before and after.
    Updated = 1,
    /// The key lives no more.
    Deleted = 2,
}

/// A change of the key in record `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) stamp: Stamp,
    pub(super) id: u32,
    pub(super) effect: Effect,
}

/// Changes in ascending order, appended at the back, forgotten at the front.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    chunks: VecDeque<Chunk>,
    /// Changes that were ever forgotten.
    forgotten: usize,
    /// Changes that were ever appended.
    appended: usize,
}

/// Changes whose revisions are near each other.
#[derive(Debug)]
struct Chunk {
    /// How many changes had been appended before.
    start: usize,
    /// The revision of the first one.
    base: Revision,
    items: Items,
    /// The places of the changes in their writes; nothing as long as all are the first of theirs.
    subs: Vec<u32>,
}

/// A packed [`Change`], without its place in its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    revision_and_effect: u32,
    id: u32,
}

/// The last chunk takes more; all before it are as small as they get.
#[derive(Debug)]
enum Items {
    Open(Vec<Item>),
    Sealed(Sealed),
}

impl Revisions {
    pub(super) fn len(&self) -> usize {
        self.appended - self.forgotten
    }

    /// Appends a change, which must follow the last one.
    pub(super) fn push(&mut self, change: Change) {
        let last = self.last().map(|last| last.stamp);
        assert!(
            last < Some(change.stamp),
            "change {:?} came after {last:?}: records of a shard were applied out of order",
            change.stamp
        );
        if self.chunks.back().is_none_or(|chunk| !chunk.takes(&change)) {
            if let Some(last) = self.chunks.back_mut() {
                last.seal();
            }
            self.chunks.push_back(Chunk::new(self.appended, change.stamp.revision));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(change);
            self.appended += 1;
        }
    }

    /// The change at `position`, counted from the oldest held one.
    pub(super) fn get(&self, position: usize) -> Change {
        let place = self.forgotten + position;
        let chunk = &self.chunks[self.chunk_of(place)];
        chunk.get(place - chunk.start)
    }

    /// The newest change.
    pub(super) fn last(&self) -> Option<Change> {
        let chunk = self.chunks.back().filter(|_| self.len() > 0)?;
        Some(chunk.get(chunk.len() - 1))
    }

    /// The oldest change.
    pub(super) fn first(&self) -> Option<Change> {
        (self.len() > 0).then(|| self.get(0))
    }

    /// Forgets the oldest change.
    pub(super) fn pop(&mut self) {
        let Some(first) = self.chunks.front() else { return };
        self.forgotten += 1;
        if self.forgotten == first.start + first.len() {
            self.chunks.pop_front();
        }
    }

    /// Position of the first change at or after `revision`.
    pub(super) fn position(&self, revision: Revision) -> usize {
        let behind = self.chunks.partition_point(|chunk| chunk.base < revision);
        let Some(chunk) = behind.checked_sub(1).map(|last| &self.chunks[last]) else { return 0 };
        (chunk.start + chunk.changes_before(revision)).saturating_sub(self.forgotten)
    }

    /// The changes from `position` on.
    pub(super) fn iter_from(&self, position: usize) -> impl Iterator<Item = Change> {
        let place = self.forgotten + position;
        let first = self.chunk_of(place).min(self.chunks.len());
        let skipped = self.chunks.get(first).map_or(0, |chunk| place - chunk.start);
        self.chunks.range(first..).flat_map(Chunk::iter).skip(skipped)
    }

    /// Which chunk holds the change at this place, counted from the first that ever was.
    fn chunk_of(&self, place: usize) -> usize {
        self.chunks.partition_point(|chunk| chunk.start + chunk.len() <= place)
    }
}

impl Chunk {
    fn new(start: usize, base: Revision) -> Self {
        Self { start, base, items: Items::Open(Vec::with_capacity(CHUNK)), subs: Vec::new() }
    }

    fn len(&self) -> usize {
        match &self.items {
            Items::Open(items) => items.len(),
            Items::Sealed(items) => items.len(),
        }
    }

    fn item(&self, at: usize) -> Item {
        match &self.items {
            Items::Open(items) => items[at],
            Items::Sealed(items) => items.get(at),
        }
    }

    fn takes(&self, change: &Change) -> bool {
        self.len() < CHUNK && change.stamp.revision.0 - self.base.0 < SPAN
    }

    /// No more will be pushed.
    fn seal(&mut self) {
        if let Items::Open(items) = &self.items {
            self.items = Items::Sealed(Sealed::new(items));
        }
        self.subs.shrink_to_fit();
    }

    fn push(&mut self, Change { stamp, id, effect }: Change) {
        if stamp.sub != 0 && self.subs.is_empty() {
            self.subs.reserve_exact(CHUNK);
            self.subs.resize(self.len(), 0);
        }
        if stamp.sub != 0 || !self.subs.is_empty() {
            self.subs.push(stamp.sub);
        }
        let revision = (stamp.revision.0 - self.base.0) as u32;
        let item = Item { revision_and_effect: revision << EFFECT_BITS | effect as u32, id };
        match &mut self.items {
            Items::Open(items) => items.push(item),
            Items::Sealed(_) => unreachable!("only the last chunk is pushed to, and it is open"),
        }
    }

    fn get(&self, at: usize) -> Change {
        let item = self.item(at);
        let Item { revision_and_effect, id } = item;
        let effect = match revision_and_effect % (1 << EFFECT_BITS) {
            0 => Effect::Created,
            1 => Effect::Updated,
            _ => Effect::Deleted,
        };
        let sub = self.subs.get(at).copied().unwrap_or(0);
        let stamp = Stamp { revision: self.revision(item), sub };
        Change { stamp, id, effect }
    }

    fn revision(&self, item: Item) -> Revision {
        Revision(self.base.0 + u64::from(item.revision_and_effect >> EFFECT_BITS))
    }

    /// How many changes here lie before `revision`.
    fn changes_before(&self, revision: Revision) -> usize {
        let (mut before, mut end) = (0, self.len());
        while before < end {
            let middle = before.midpoint(end);
            if self.revision(self.item(middle)) < revision {
                before = middle + 1;
            } else {
                end = middle;
            }
        }
        before
    }

    fn iter(&self) -> impl Iterator<Item = Change> {
        (0..self.len()).map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(n: u64) -> Change {
        let effect = [Effect::Created, Effect::Updated, Effect::Deleted][n as usize % 3];
        let stamp = Stamp { revision: Revision(n / 2), sub: (n % 2) as u32 };
        Change { stamp, id: n as u32, effect }
    }

    #[test]
    fn it_is_searched_and_trimmed_over_chunks() {
        let mut revisions = Revisions::default();
        (0..5000).for_each(|n| revisions.push(change(n)));
        for popped in 0..5000 {
            assert_eq!(revisions.first(), Some(change(popped)));
            if popped % 501 == 0 {
                let expected: Vec<_> = (popped..5000).map(change).collect();
                assert_eq!(revisions.iter_from(0).collect::<Vec<_>>(), expected);
                let from = revisions.position(Revision(2000));
                assert_eq!(revisions.get(from), change(popped.max(4000)));
                assert_eq!(revisions.iter_from(from).count(), revisions.len() - from);
            }
            revisions.pop();
            assert_eq!(revisions.position(Revision(9999)), revisions.len());
        }
        assert_eq!((revisions.len(), revisions.iter_from(0).count()), (0, 0));
    }

    #[test]
    fn revisions_far_from_each_other_come_back() {
        let mut revisions = Revisions::default();
        let change = |n: u64| {
            let stamp = Stamp { revision: Revision(n * (SPAN - 1) + 7), sub: 0 };
            Change { stamp, id: n as u32, effect: Effect::Updated }
        };
        (0..10).for_each(|n| revisions.push(change(n)));
        revisions.pop();
        assert_eq!(
            revisions.iter_from(0).collect::<Vec<_>>(),
            (1..10).map(change).collect::<Vec<_>>()
        );
        for n in 1..10 {
            assert_eq!(revisions.get(n as usize - 1), change(n));
            assert_eq!(revisions.position(change(n).stamp.revision), n as usize - 1);
            assert_eq!(revisions.position(change(n).stamp.revision.next()), n as usize);
        }
    }

    #[test]
    #[should_panic(expected = "out of order")]
    fn changes_out_of_order_are_refused() {
        let mut revisions = Revisions::default();
        revisions.push(change(4));
        revisions.push(change(3));
    }
}
