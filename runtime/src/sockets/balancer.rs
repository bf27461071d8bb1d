//! How many connections each core has, so that the next one goes to the core with the fewest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use braid_storage::ids::CoreId;

/// A core's open connections. On two cache lines of its own (processors fetch lines in pairs), as
/// the core writes it whenever one closes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Count(AtomicUsize);

/// The counts of all cores, and the limit for their sum. Clones share them. The counts are only
/// statistics: nothing is ordered by them, hence the relaxed accesses.
#[derive(Clone, Debug)]
pub struct Balancer {
    counts: Arc<[Count]>,
    limit: usize,
}

impl Balancer {
    /// No connections yet on `cores` cores (at least one), and never more than `limit` in all.
    pub fn new(cores: u16, limit: usize) -> Self {
        Self { counts: (0..cores).map(|_| Count::default()).collect(), limit }
    }

    /// A place for one more connection, on the core with the fewest; none at the limit.
    ///
    /// Only the accepting core calls this, so the limit holds exactly.
    pub fn admit(&self) -> Option<Permit> {
        if self.open() >= self.limit {
            return None;
        }
        let counts = self.counts.iter().map(|count| count.0.load(Ordering::Relaxed));
        let (_, core) = counts.zip(0..).min()?;
        self.count(CoreId(core)).fetch_add(1, Ordering::Relaxed);
        Some(Permit { balancer: self.clone(), core: CoreId(core) })
    }

    /// Connections open on all cores.
    pub fn open(&self) -> usize {
        self.counts.iter().map(|count| count.0.load(Ordering::Relaxed)).sum()
    }

    /// The most that may be open.
    pub fn limit(&self) -> usize {
        self.limit
    }

    fn count(&self, core: CoreId) -> &AtomicUsize {
        &self.counts[usize::from(core.0)].0
    }
}

/// The right to one connection on one core; dropping it gives the place back.
#[derive(Debug)]
pub struct Permit {
    balancer: Balancer,
    core: CoreId,
}

impl Permit {
    /// The core that the connection belongs to.
    pub fn core(&self) -> CoreId {
        self.core
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.balancer.count(self.core).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_with_the_fewest_gets_the_next() {
        let balancer = Balancer::new(3, 100);
        let mut permits: Vec<_> = (0..6).map(|_| balancer.admit().unwrap()).collect();
        let cores: Vec<_> = permits.iter().map(|permit| permit.core().0).collect();
        assert_eq!(cores, [0, 1, 2, 0, 1, 2]);
        permits.retain(|permit| permit.core() != CoreId(1));
        assert_eq!(balancer.open(), 4);
        assert_eq!(balancer.admit().unwrap().core(), CoreId(1));
    }

    #[test]
    fn the_limit_holds_until_one_closes() {
        let balancer = Balancer::new(2, 2);
        let first = balancer.admit().unwrap();
        let _second = balancer.admit().unwrap();
        assert!(balancer.admit().is_none());
        drop(first);
        assert!(balancer.admit().is_some());
    }
}
