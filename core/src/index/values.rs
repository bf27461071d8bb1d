//! Values in memory, and which of them go first when memory is short.
//!
//! The clock algorithm: a hand goes around over all values; one that was read since the hand last
//! passed gets a second chance, the others go. New and scanned values start without one, so a
//! single scan or a burst of writes does not push out what is read again and again.
//!
//! ```text
//! id 4 | revision 7 | offset 4 | value | padding
//! ```

use std::cell::Cell;

use braid_storage::ids::Revision;

use super::pages::Pages;
use super::slab::NONE;

const REVISION: usize = 4;
const OFFSET: usize = 11;
const HEADER: usize = 15;

/// Bits of a word of read marks.
const MARKS: usize = u64::BITS as usize;

/// What is known of a value in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The record of its key.
    pub(super) id: u32,
    /// Its version's revision.
    pub(super) revision: Revision,
    /// Where in its segment it lies.
    pub(super) offset: u32,
}

/// The values that are in memory.
#[derive(Debug, Default)]
pub(super) struct Values {
    slots: Pages,
    /// By slot number, whether the value was read since the hand last passed. Cells, because reading
    /// is not a change of the index.
    read: Vec<Cell<u64>>,
    resident_bytes: usize,
    hand: u32,
}

impl Values {
    /// Bytes of memory that all values here take.
    pub(super) fn resident_bytes(&self) -> usize {
        self.resident_bytes
    }

    /// Keeps a value and returns its slot.
    pub(super) fn insert(&mut self, owner: Owner, value: &[u8]) -> u32 {
        let slot = self.slots.insert(HEADER + value.len());
        let bytes = self.slots.get_mut(slot);
        self.resident_bytes += bytes.len();
        owner.write(bytes);
        bytes[HEADER..HEADER + value.len()].copy_from_slice(value);
        if slot as usize / MARKS >= self.read.len() {
            self.read.resize(slot as usize / MARKS + 1, Cell::new(0));
        }
        self.take_read(slot);
        slot
    }

    /// The value in `slot`, which has `len` bytes.
    pub(super) fn get(&self, slot: u32, len: u32) -> &[u8] {
        &self.slots.get(slot)[HEADER..HEADER + len as usize]
    }

    /// Where in its segment the value in `slot` lies.
    pub(super) fn offset(&self, slot: u32) -> u32 {
        Owner::read(self.slots.get(slot)).offset
    }

    /// Gives the value in `slot` its second chance.
    pub(super) fn mark_read(&self, slot: u32) {
        let marks = &self.read[slot as usize / MARKS];
        marks.set(marks.get() | 1 << (slot as usize % MARKS));
    }

    /// Drops the value in `slot`.
    pub(super) fn remove(&mut self, slot: u32) {
        let bytes = self.slots.get_mut(slot);
        self.resident_bytes -= bytes.len();
        Owner { id: NONE, revision: Revision::default(), offset: 0 }.write(bytes);
        self.slots.remove(slot);
    }

    /// Moves the hand on by one slot. Returns the slot and whose value it holds if that should go
    /// now.
    pub(super) fn tick(&mut self) -> Option<(u32, Owner)> {
        let slot = self.hand;
        self.hand = self.slots.after(slot);
        let owner = Owner::read(self.slots.find(slot)?);
        (owner.id != NONE && !self.take_read(slot)).then_some((slot, owner))
    }

    /// Whether the value in `slot` was read since the last call.
    fn take_read(&self, slot: u32) -> bool {
        let (marks, bit) = (&self.read[slot as usize / MARKS], 1 << (slot as usize % MARKS));
        let before = marks.replace(marks.get() & !bit);
        before & bit != 0
    }
}

impl Owner {
    fn read(bytes: &[u8]) -> Self {
        let number = |from: usize, to: usize| {
            let mut number = [0; 8];
            number[..to - from].copy_from_slice(&bytes[from..to]);
            u64::from_le_bytes(number)
        };
        let (id, offset) = (number(0, REVISION) as u32, number(OFFSET, HEADER) as u32);
        Self { id, revision: Revision(number(REVISION, OFFSET)), offset }
    }

    fn write(&self, bytes: &mut [u8]) {
        bytes[..REVISION].copy_from_slice(&self.id.to_le_bytes());
        bytes[REVISION..OFFSET]
            .copy_from_slice(&self.revision.0.to_le_bytes()[..OFFSET - REVISION]);
        bytes[OFFSET..HEADER].copy_from_slice(&self.offset.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(n: u32) -> Owner {
        Owner { id: n, revision: Revision((1 << 56) - 1 - u64::from(n)), offset: u32::MAX - n }
    }

    #[test]
    fn what_was_not_read_goes_first() {
        let mut values = Values::default();
        let slots: Vec<u32> = (0..1000).map(|n| values.insert(owner(n), &[n as u8; 20])).collect();
        slots.iter().step_by(10).for_each(|slot| values.mark_read(*slot));
        values.remove(slots[1]);
        let gone: Vec<Owner> = (0..1000).filter_map(|_| values.tick()).map(|(_, o)| o).collect();
        let expected = (0..1000).filter(|n| n % 10 != 0 && *n != 1).map(owner);
        assert_eq!(gone, expected.collect::<Vec<_>>());
        assert_eq!(values.tick(), Some((slots[0], owner(0))), "its second chance is over");
        assert_eq!(values.get(slots[10], 20), [10; 20]);
        assert_eq!(values.offset(slots[10]), u32::MAX - 10);
    }

    #[test]
    fn bytes_are_those_of_the_slots() {
        let mut values = Values::default();
        let slots = [0, 1, 300, 5_000, 100_000].map(|len| values.insert(owner(0), &vec![7; len]));
        assert!((105_301..110_000).contains(&values.resident_bytes()));
        slots.iter().for_each(|slot| values.remove(*slot));
        assert_eq!((values.resident_bytes(), values.tick()), (0, None));
    }
}
