//! Short numbers for what many versions name: leases, segments.

use std::collections::BTreeMap;

use super::slab::Slab;

/// Number of "none": what most versions name no lease by, and what no segment has.
pub(super) const NO_NAME: u32 = 0;

/// The names that held versions have, each under a number for as long as one has it.
#[derive(Debug)]
pub(super) struct Numbers<T> {
    numbers: BTreeMap<T, u32>,
    /// Name and how many versions have it, of number n in slot n - 1: an index without any keeps no
    /// memory for them.
    names: Slab<(T, u64)>,
}

impl<T: Copy + Default + Ord> Numbers<T> {
    pub(super) fn new() -> Self {
        Self { numbers: BTreeMap::new(), names: Slab::new() }
    }

    /// The number of `name`, for one more version that has it; [`NO_NAME`] for the default.
    pub(super) fn acquire(&mut self, name: T) -> u32 {
        if name == T::default() {
            return NO_NAME;
        }
        let names = &mut self.names;
        let number = *self.numbers.entry(name).or_insert_with(|| names.insert((name, 0)) + 1);
        names.get_mut(number - 1).1 += 1;
        number
    }

    /// One version fewer has the name with this number.
    pub(super) fn release(&mut self, number: u32) {
        if number == NO_NAME {
            return;
        }
        let (name, versions) = self.names.get_mut(number - 1);
        *versions -= 1;
        if *versions == 0 {
            self.numbers.remove(name);
            self.names.remove(number - 1);
        }
    }

    /// The name with this number.
    pub(super) fn get(&self, number: u32) -> T {
        number.checked_sub(1).map_or_else(T::default, |slot| self.names.get(slot).0)
    }
}

#[cfg(test)]
impl<T> Numbers<T> {
    /// How many names versions have.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lasts_as_long_as_versions_have_the_name() {
        let mut numbers = Numbers::<i64>::new();
        assert_eq!(numbers.acquire(0), NO_NAME);
        assert_eq!(numbers.get(NO_NAME), 0);
        let (a, b) = (numbers.acquire(7), numbers.acquire(-9));
        assert_eq!(numbers.acquire(7), a);
        numbers.release(a);
        assert_eq!((numbers.get(a), numbers.get(b)), (7, -9));
        numbers.release(a);
        assert_eq!(numbers.acquire(5), a);
        assert_eq!(numbers.get(a), 5);
    }
}
