//! A pool of values under small stable numbers.
//!
//! Storage grows chunk by chunk, so that growing never copies what is there: a core must not
//! stall for the move of a large array.

/// Slots in one chunk.
const CHUNK: usize = 256;

/// Stands for "no slot" where a slot number is kept.
pub(super) const NONE: u32 = u32::MAX;

/// Values under slot numbers. A number is used again after its value was removed.
#[derive(Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }

    /// Slots that were ever in use; every slot number lies below.
    pub(super) fn slots(&self) -> u32 {
        let last = self.chunks.last().map_or(0, Vec::len);
        (self.chunks.len().saturating_sub(1) * CHUNK + last) as u32
    }

    /// Stores `value` and returns its slot.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                *self.place(slot) = Some(value);
                slot
            }
            None => self.append(value),
        }
    }

    /// Takes the value out of `slot`, which must be in use.
    pub(super) fn remove(&mut self, slot: u32) -> T {
        let value = self.place(slot).take();
        self.free.push(slot);
        value.unwrap_or_else(|| vacant(slot))
    }

    /// The value in `slot`, if there is one.
    pub(super) fn find(&self, slot: u32) -> Option<&T> {
        self.chunks[slot as usize / CHUNK][slot as usize % CHUNK].as_ref()
    }

    /// The value in `slot`, which must be in use.
    pub(super) fn get(&self, slot: u32) -> &T {
        self.find(slot).unwrap_or_else(|| vacant(slot))
    }

    /// As [`Self::get`], to change it.
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut T {
        self.place(slot).as_mut().unwrap_or_else(|| vacant(slot))
    }

    fn place(&mut self, slot: u32) -> &mut Option<T> {
        &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }

    fn append(&mut self, value: T) -> u32 {
        let slot = self.slots();
        assert!(slot != NONE, "a slab is full: more than {slot} values on one shard");
        if (slot as usize).is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Some(value));
        }
        slot
    }
}

fn vacant(slot: u32) -> ! {
    panic!("slot {slot} is vacant: something kept its number after removing it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_stable_and_used_again() {
        let mut slab = Slab::new();
        let slots: Vec<u32> = (0..1000).map(|n| slab.insert(n)).collect();
        assert!(slots.iter().enumerate().all(|(n, slot)| *slab.get(*slot) == n));
        assert_eq!(slab.remove(slots[7]), 7);
        assert_eq!(slab.find(slots[7]), None);
        assert_eq!(slab.insert(4711), slots[7]);
        assert_eq!(slab.slots(), 1000);
    }
}
