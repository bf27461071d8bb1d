//! Short numbers for leases: few leases are named by many versions.

use std::collections::BTreeMap;

use braid_storage::ids::LeaseId;

use super::slab::Slab;

/// Number of "no lease".
const NO_LEASE: u32 = 0;

/// The leases that held versions name, each under a number.
#[derive(Debug)]
pub(super) struct Leases {
    numbers: BTreeMap<LeaseId, u32>,
    /// Lease and how many versions name it.
    leases: Slab<(LeaseId, u64)>,
}

impl Leases {
    pub(super) fn new() -> Self {
        let mut leases = Slab::new();
        let none = leases.insert((LeaseId::default(), 0));
        debug_assert_eq!(none, NO_LEASE);
        Self { numbers: BTreeMap::new(), leases }
    }

    /// The number of `lease`, for one more version that names it.
    pub(super) fn acquire(&mut self, lease: LeaseId) -> u32 {
        if lease == LeaseId::default() {
            return NO_LEASE;
        }
        let leases = &mut self.leases;
        let number = *self.numbers.entry(lease).or_insert_with(|| leases.insert((lease, 0)));
        leases.get_mut(number).1 += 1;
        number
    }

    /// One version fewer names the lease with this number.
    pub(super) fn release(&mut self, number: u32) {
        if number == NO_LEASE {
            return;
        }
        let (lease, versions) = self.leases.get_mut(number);
        *versions -= 1;
        if *versions == 0 {
            self.numbers.remove(lease);
            self.leases.remove(number);
        }
    }

    /// The lease with this number.
    pub(super) fn get(&self, number: u32) -> LeaseId {
        self.leases.get(number).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lasts_as_long_as_versions_name_the_lease() {
        let mut leases = Leases::new();
        assert_eq!(leases.get(leases.numbers.len() as u32), LeaseId(0));
        let (a, b) = (leases.acquire(LeaseId(7)), leases.acquire(LeaseId(-9)));
        assert_eq!(leases.acquire(LeaseId(7)), a);
        leases.release(a);
        assert_eq!((leases.get(a), leases.get(b)), (LeaseId(7), LeaseId(-9)));
        leases.release(a);
        assert_eq!(leases.acquire(LeaseId(5)), a);
        assert_eq!(leases.get(a), LeaseId(5));
    }
}
