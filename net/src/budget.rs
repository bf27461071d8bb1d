//! The process-wide bound on bytes in flight: requests that are not answered yet and answers
//! that did not leave yet.
//!
//! The bound is one atomic for all cores. So that cores do not fight over its cache line, each
//! core takes it in blocks and lends from its block.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a core takes from the process-wide budget at a time, in bytes.
const BLOCK_BYTES: u64 = 1 << 20;

/// How many connections must be greedy at once to use up the budget.
const CONNECTIONS_PER_BUDGET: u64 = 8;

/// The process-wide budget in bytes.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    free: AtomicU64,
}

impl Budget {
    /// A budget of `bytes` for the whole process.
    #[must_use]
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { total: bytes, free: AtomicU64::new(bytes) })
    }

    /// Takes `wanted` bytes or, if there are not as many, at least `needed` of them.
    fn take(&self, wanted: u64, needed: u64) -> Option<u64> {
        // Relaxed: the number alone matters, it orders no other memory.
        let mut free = self.free.load(Ordering::Relaxed);
        loop {
            let taken = wanted.min(free);
            if taken < needed {
                return None;
            }
            let left = free - taken;
            match self.free.compare_exchange_weak(free, left, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return Some(taken),
                Err(now) => free = now,
            }
        }
    }

    fn give_back(&self, bytes: u64) {
        self.free.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A core's share of a [`Budget`].
#[derive(Debug)]
pub struct CoreBudget {
    process: Arc<Budget>,
    spare: Cell<u64>,
}

impl CoreBudget {
    /// A core's share, empty at first.
    #[must_use]
    pub fn new(process: Arc<Budget>) -> Rc<Self> {
        Rc::new(Self { process, spare: Cell::new(0) })
    }

    fn lend(&self, bytes: u64) -> bool {
        let spare = self.spare.get();
        if spare < bytes {
            let needed = bytes - spare;
            let Some(taken) = self.process.take(needed.max(BLOCK_BYTES), needed) else {
                return false;
            };
            self.spare.set(spare + taken);
        }
        self.spare.set(self.spare.get() - bytes);
        true
    }

    fn take_back(&self, bytes: u64) {
        let spare = self.spare.get() + bytes;
        // One block stays at hand; more would starve the other cores.
        let surplus = spare.saturating_sub(2 * BLOCK_BYTES);
        if surplus > 0 {
            self.process.give_back(surplus + BLOCK_BYTES);
            self.spare.set(BLOCK_BYTES);
        } else {
            self.spare.set(spare);
        }
    }
}

impl Drop for CoreBudget {
    fn drop(&mut self) {
        self.process.give_back(self.spare.get());
    }
}

/// What one connection holds of its core's share: no client alone can use up the budget.
#[derive(Debug)]
pub struct Account {
    core: Rc<CoreBudget>,
    held: Cell<u64>,
    limit: u64,
}

impl Account {
    /// An account that may hold its fair part of the process-wide budget, and `enough` bytes in
    /// any case.
    #[must_use]
    pub fn new(core: &Rc<CoreBudget>, enough: u64) -> Rc<Self> {
        let limit = (core.process.total / CONNECTIONS_PER_BUDGET).max(enough);
        Rc::new(Self { core: Rc::clone(core), held: Cell::new(0), limit })
    }

    fn lend(&self, bytes: u64) -> bool {
        let held = self.held.get().saturating_add(bytes);
        let lent = held <= self.limit && self.core.lend(bytes);
        if lent {
            self.held.set(held);
        }
        lent
    }

    fn take_back(&self, bytes: u64) {
        self.held.set(self.held.get() - bytes);
        self.core.take_back(bytes);
    }
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// Bytes taken from an account, given back when dropped.
#[derive(Debug)]
pub struct Charge {
    account: Rc<Account>,
    bytes: u64,
}

impl Charge {
    /// Nothing yet.
    #[must_use]
    pub fn new(account: &Rc<Account>) -> Self {
        Self { account: Rc::clone(account), bytes: 0 }
    }

    /// Takes `bytes` more.
    ///
    /// # Errors
    /// When there are not as many left; what was taken before stays taken.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Exhausted> {
        if !self.account.lend(bytes) {
            return Err(Exhausted);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Holds `bytes` from now on, or less when the budget is used up: for bytes that exist
    /// already and are bounded otherwise.
    pub fn replace(&mut self, bytes: u64) {
        let surplus = self.bytes.saturating_sub(bytes);
        let missing = bytes.saturating_sub(self.bytes);
        self.bytes -= surplus;
        self.account.take_back(surplus);
        if self.account.lend(missing) {
            self.bytes += missing;
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.take_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charged(core: &Rc<CoreBudget>, bytes: u64) -> Result<Charge, Exhausted> {
        let mut charge = Charge::new(&Account::new(core, u64::MAX));
        charge.grow(bytes)?;
        Ok(charge)
    }

    #[test]
    fn charges_come_back_and_the_bound_holds_over_cores() {
        let process = Budget::new(3 * BLOCK_BYTES);
        let (left, right) = (CoreBudget::new(process.clone()), CoreBudget::new(process.clone()));
        let first = charged(&left, 2 * BLOCK_BYTES + 1).expect("fits");
        let second = charged(&right, BLOCK_BYTES - 1).expect("fits");
        assert_eq!(charged(&right, 1).err(), Some(Exhausted));
        drop((first, second));
        drop((left, right));
        assert_eq!(process.free.load(Ordering::Relaxed), 3 * BLOCK_BYTES);
    }

    #[test]
    fn a_charge_is_replaced_as_far_as_the_budget_goes() {
        let budget = CoreBudget::new(Budget::new(100));
        let mut charge = charged(&budget, 80).expect("fits");
        charge.replace(1000);
        assert!(charged(&budget, 21).is_err());
        charge.replace(30);
        assert!(charged(&budget, 71).is_err());
        assert!(charged(&budget, 70).is_ok());
    }

    #[test]
    fn one_account_holds_its_part_only() {
        let budget = CoreBudget::new(Budget::new(800));
        let account = Account::new(&budget, 10);
        let mut greedy = Charge::new(&account);
        assert!(greedy.grow(100).is_ok());
        assert_eq!(greedy.grow(1), Err(Exhausted));
        assert!(charged(&budget, 700).is_ok());
        drop(greedy);
        assert!(Charge::new(&account).grow(100).is_ok());
    }
}
