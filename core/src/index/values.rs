//! Values in memory, and which of them go first when memory is short.
//!
//! The clock algorithm: a hand goes around over all values; one that was read since the hand last
//! passed gets a second chance, the others go. New and scanned values start without one, so a
//! single scan or a burst of writes does not push out what is read again and again.

use std::cell::Cell;

use braid_storage::ids::Revision;

use super::packed::Stamp;
use super::slab::{NONE, Slab};

/// Memory that a value takes beside its own bytes: its slot and the allocator's share.
const OVERHEAD: usize = size_of::<Option<Value>>() + 16;

/// Whose value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) id: u32,
    pub(super) stamp: Stamp,
}

/// The values that are in memory.
#[derive(Debug)]
pub(super) struct Values {
    slots: Slab<Value>,
    resident_bytes: usize,
    hand: u32,
}

/// A value and its owner, packed: there may be millions.
#[derive(Debug)]
struct Value {
    bytes: Box<[u8]>,
    id: u32,
    sub: u32,
    /// The revision, and in the lowest bit whether the value was read since the hand last passed. A
    /// cell, because reading is not a change of the index.
    revision_and_read: Cell<u64>,
}

const _: () = assert!(size_of::<Option<Value>>() == 32);

impl Value {
    fn new(Owner { id, stamp }: Owner, bytes: &[u8]) -> Self {
        let revision_and_read = Cell::new(stamp.revision.0 << 1);
        Self { bytes: bytes.into(), id, sub: stamp.sub, revision_and_read }
    }

    fn owner(&self) -> Owner {
        let revision = Revision(self.revision_and_read.get() >> 1);
        Owner { id: self.id, stamp: Stamp { revision, sub: self.sub } }
    }

    fn set_read(&self) {
        self.revision_and_read.set(self.revision_and_read.get() | 1);
    }

    /// Whether it was read since the last call.
    fn take_read(&self) -> bool {
        let revision_and_read = self.revision_and_read.get();
        self.revision_and_read.set(revision_and_read & !1);
        revision_and_read & 1 == 1
    }
}

impl Values {
    pub(super) fn new() -> Self {
        Self { slots: Slab::new(), resident_bytes: 0, hand: 0 }
    }

    /// Bytes of memory that all values here take.
    pub(super) fn resident_bytes(&self) -> usize {
        self.resident_bytes
    }

    /// Keeps a value and returns its slot.
    pub(super) fn insert(&mut self, owner: Owner, bytes: &[u8]) -> u32 {
        self.resident_bytes += bytes.len() + OVERHEAD;
        self.slots.insert(Value::new(owner, bytes))
    }

    /// The value in `slot`.
    pub(super) fn get(&self, slot: u32) -> &[u8] {
        &self.slots.get(slot).bytes
    }

    /// Gives the value in `slot`, if it is one, its second chance.
    pub(super) fn mark_read(&self, slot: u32) {
        if slot != NONE {
            self.slots.get(slot).set_read();
        }
    }

    /// Drops the value in `slot`, if it is one.
    pub(super) fn remove(&mut self, slot: u32) {
        if slot != NONE {
            let value = self.slots.remove(slot);
            self.resident_bytes -= value.bytes.len() + OVERHEAD;
        }
    }

    /// Moves the hand on by one slot. Returns the slot and whose value it holds if that should go
    /// now.
    pub(super) fn tick(&mut self) -> Option<(u32, Owner)> {
        let slot = self.hand;
        self.hand = if slot + 1 < self.slots.slots() { slot + 1 } else { 0 };
        let value = self.slots.find(slot)?;
        (!value.take_read()).then(|| (slot, value.owner()))
    }
}
