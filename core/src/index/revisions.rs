//! All changes of a shard by revision, each 16 bytes.

use std::collections::VecDeque;

use braid_storage::ids::Revision;

use super::packed::Stamp;

/// Changes in one chunk. Chunks are never moved, so that growing does not copy.
const CHUNK: usize = 1024;
/// Bits of an item's number that tell what the change did.
const EFFECT_BITS: u32 = 2;

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
    chunks: VecDeque<Vec<Item>>,
    /// Forgotten changes in the first chunk.
    forgotten: usize,
    len: usize,
}

/// A packed [`Change`].
#[derive(Clone, Copy, Debug)]
struct Item {
    revision_and_effect: u64,
    sub: u32,
    id: u32,
}

const _: () = assert!(size_of::<Item>() == 16);

impl Revisions {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a change, which must follow the last one.
    pub(super) fn push(&mut self, change: Change) {
        let last = self.last().map(|last| last.stamp);
        assert!(
            last < Some(change.stamp),
            "change {:?} came after {last:?}: records of a shard were applied out of order",
            change.stamp
        );
        if self.chunks.back().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push_back(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(change.into());
            self.len += 1;
        }
    }

    /// The change at `position`, counted from the oldest held one.
    pub(super) fn get(&self, position: usize) -> Change {
        let position = self.forgotten + position;
        self.chunks[position / CHUNK][position % CHUNK].into()
    }

    /// The newest change.
    pub(super) fn last(&self) -> Option<Change> {
        self.len.checked_sub(1).map(|last| self.get(last))
    }

    /// The oldest change.
    pub(super) fn first(&self) -> Option<Change> {
        (self.len > 0).then(|| self.get(0))
    }

    /// Forgets the oldest change.
    pub(super) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        self.forgotten += 1;
        if self.forgotten == CHUNK || self.len == 0 {
            self.chunks.pop_front();
            self.forgotten = 0;
        }
    }

    /// Position of the first change at or after `revision`.
    pub(super) fn position(&self, revision: Revision) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).stamp.revision < revision {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The changes from `position` on.
    pub(super) fn iter_from(&self, position: usize) -> impl Iterator<Item = Change> {
        let position = self.forgotten + position;
        let chunks = self.chunks.range((position / CHUNK).min(self.chunks.len())..);
        chunks.flatten().skip(position % CHUNK).map(|item| Change::from(*item))
    }
}

impl From<Change> for Item {
    fn from(change: Change) -> Self {
        let revision = change.stamp.revision.0;
        let revision_and_effect = (revision << EFFECT_BITS) | change.effect as u64;
        Self { revision_and_effect, sub: change.stamp.sub, id: change.id }
    }
}

impl From<Item> for Change {
    fn from(item: Item) -> Self {
        let effect = match item.revision_and_effect % (1 << EFFECT_BITS) {
            0 => Effect::Created,
            1 => Effect::Updated,
            _ => Effect::Deleted,
        };
        let revision = Revision(item.revision_and_effect >> EFFECT_BITS);
        Self { stamp: Stamp { revision, sub: item.sub }, id: item.id, effect }
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
    #[should_panic(expected = "out of order")]
    fn changes_out_of_order_are_refused() {
        let mut revisions = Revisions::default();
        revisions.push(change(4));
        revisions.push(change(3));
    }
}
