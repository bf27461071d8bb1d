//! The leases and their time: who lives how long, whose time is up.
//!
//! A lease never ends early: time starts anew at every grant and keepalive, and whenever a reign
//! begins. It ends late by up to [`CHECK_INTERVAL`] and the time that its revocation takes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use braid_storage::ids::LeaseId;
use braid_storage::planted::{Bug, planted};

use crate::limits::{EXPIRIES_PER_SECOND, LEASE_TTL_MAX};

/// How often expired leases are looked for.
pub const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Leases ended by one look.
const EXPIRIES_PER_CHECK: usize = EXPIRIES_PER_SECOND / 2;

/// All leases of the cluster, as the leader keeps their time.
pub struct Lessor {
    min_ttl: i64,
    leases: HashMap<LeaseId, Lease>,
    by_deadline: BTreeSet<(Duration, LeaseId)>,
    /// Ids whose grant is not committed yet.
    granting: HashSet<LeaseId>,
    next_check: Duration,
    random: u64,
}

struct Lease {
    ttl: i64,
    deadline: Duration,
    /// Its time is up and its revocation under way.
    expired: bool,
}

impl Lessor {
    /// The leases that recovery found, with all of their time before them. `seed` is where ids
    /// that the server picks come from.
    #[must_use]
    pub fn new(min_ttl: i64, leases: &[(LeaseId, i64)], seed: u64) -> Self {
        let mut lessor = Self {
            min_ttl,
            leases: HashMap::new(),
            by_deadline: BTreeSet::new(),
            granting: HashSet::new(),
            next_check: Duration::ZERO,
            random: seed,
        };
        for (lease, ttl) in leases {
            lessor.begin(Duration::ZERO, *lease, *ttl);
        }
        lessor
    }

    /// Starts the time of every lease anew: a reign begins.
    pub fn restart_all(&mut self, now: Duration) {
        let leases: Vec<(LeaseId, i64)> =
            self.leases.iter().map(|(id, lease)| (*id, lease.ttl)).collect();
        for (lease, ttl) in leases {
            self.begin(now, lease, ttl);
        }
    }

    /// Reserves an id for a grant: `wanted`, or one of the server's choice if that is 0. `None`
    /// when it is taken.
    pub fn reserve(&mut self, wanted: LeaseId) -> Option<LeaseId> {
        let lease = if wanted == LeaseId(0) { self.pick() } else { wanted };
        let free = !self.leases.contains_key(&lease) && self.granting.insert(lease);
        free.then_some(lease)
    }

    /// The time to live that a request for `wanted` seconds gets; `None` when it is too long.
    #[must_use]
    pub fn effective_ttl(&self, wanted: i64) -> Option<i64> {
        (wanted <= LEASE_TTL_MAX).then(|| wanted.max(self.min_ttl))
    }

    /// The lease lives from now on, for `ttl` seconds.
    pub fn begin(&mut self, now: Duration, lease: LeaseId, ttl: i64) {
        self.granting.remove(&lease);
        let early = i64::from(planted(Bug::ExpireLeaseEarly));
        let deadline = now + Duration::from_secs((ttl - early).max(0) as u64);
        if let Some(old) = self.leases.insert(lease, Lease { ttl, deadline, expired: false }) {
            self.by_deadline.remove(&(old.deadline, lease));
        }
        self.by_deadline.insert((deadline, lease));
    }

    /// The lease is over.
    pub fn end(&mut self, lease: LeaseId) {
        if let Some(old) = self.leases.remove(&lease) {
            self.by_deadline.remove(&(old.deadline, lease));
        }
    }

    /// Starts the lease's time anew; its time to live, or `None` when it is unknown or its time
    /// is up.
    pub fn renew(&mut self, now: Duration, lease: LeaseId) -> Option<i64> {
        let ttl = self.leases.get(&lease).filter(|lease| !lease.expired)?.ttl;
        self.begin(now, lease, ttl);
        Some(ttl)
    }

    /// Whether the lease's time is up while its revocation is still under way.
    #[must_use]
    pub fn is_expiring(&self, lease: LeaseId) -> bool {
        self.leases.get(&lease).is_some_and(|lease| lease.expired)
    }

    /// Whole seconds left and the granted time to live.
    #[must_use]
    pub fn time_to_live(&self, now: Duration, lease: LeaseId) -> Option<(i64, i64)> {
        let lease = self.leases.get(&lease)?;
        let left = lease.deadline.saturating_sub(now).as_secs();
        Some((i64::try_from(left).unwrap_or(i64::MAX), lease.ttl))
    }

    /// All leases, the one that ends soonest first.
    #[must_use]
    pub fn list(&self) -> Vec<LeaseId> {
        let mut leases: Vec<_> = self.leases.iter().map(|(id, l)| (l.deadline, *id)).collect();
        leases.sort();
        leases.into_iter().map(|(_, lease)| lease).collect()
    }

    /// When [`Self::take_expired`] should be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let (first, _) = self.by_deadline.first()?;
        Some((*first).max(self.next_check))
    }

    /// Expired leases are not looked for at once.
    pub fn postpone(&mut self, now: Duration) {
        self.next_check = now + CHECK_INTERVAL;
    }

    /// Leases whose time is up, `max` and a bounded number at a time, each once.
    pub fn take_expired(&mut self, now: Duration, max: usize) -> Vec<LeaseId> {
        if now < self.next_check {
            return Vec::new();
        }
        let mut expired = Vec::new();
        while expired.len() < EXPIRIES_PER_CHECK.min(max)
            && self.by_deadline.first().is_some_and(|(deadline, _)| *deadline <= now)
            && let Some((_, lease)) = self.by_deadline.pop_first()
        {
            if let Some(found) = self.leases.get_mut(&lease) {
                found.expired = true;
            }
            expired.push(lease);
        }
        if !expired.is_empty() {
            self.next_check = now + CHECK_INTERVAL;
        }
        expired
    }

    /// A positive id that is not taken.
    fn pick(&mut self) -> LeaseId {
        loop {
            let lease = LeaseId((self.next_random() >> 1) as i64);
            let taken = self.leases.contains_key(&lease) || self.granting.contains(&lease);
            if lease != LeaseId(0) && !taken {
                return lease;
            }
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): ids need no secrecy, only a seed.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn lessor() -> Lessor {
        Lessor::new(2, &[(LeaseId(7), 10)], 42)
    }

    #[test]
    fn a_lease_never_ends_early() {
        let mut lessor = lessor();
        assert_eq!(lessor.deadline(), Some(10 * SECOND));
        assert!(lessor.take_expired(10 * SECOND - Duration::from_nanos(1), 9).is_empty());
        assert_eq!(lessor.renew(9 * SECOND, LeaseId(7)), Some(10));
        assert!(lessor.take_expired(18 * SECOND, 9).is_empty());
        assert_eq!(lessor.take_expired(19 * SECOND, 9), [LeaseId(7)]);
        assert!(lessor.take_expired(30 * SECOND, 9).is_empty(), "each once");
        assert_eq!(lessor.renew(30 * SECOND, LeaseId(7)), None);
        assert!(lessor.is_expiring(LeaseId(7)));
    }

    #[test]
    fn no_more_end_at_once_than_there_is_room_for() {
        let leases = [7, 8, 9].map(|lease| (LeaseId(lease), 10));
        let mut lessor = Lessor::new(2, &leases, 42);
        assert_eq!(lessor.take_expired(20 * SECOND, 2), [LeaseId(7), LeaseId(8)]);
        assert_eq!(lessor.take_expired(21 * SECOND, 2), [LeaseId(9)]);
    }

    #[test]
    fn a_reign_starts_all_time_anew() {
        let mut lessor = lessor();
        lessor.restart_all(8 * SECOND);
        assert!(lessor.take_expired(17 * SECOND, 9).is_empty());
        assert_eq!(lessor.time_to_live(17 * SECOND, LeaseId(7)), Some((1, 10)));
    }

    #[test]
    fn ids_are_reserved_once() {
        let mut lessor = lessor();
        assert_eq!(lessor.reserve(LeaseId(7)), None);
        assert_eq!(lessor.reserve(LeaseId(8)), Some(LeaseId(8)));
        assert_eq!(lessor.reserve(LeaseId(8)), None, "its grant is under way");
        assert!(lessor.reserve(LeaseId(0)).unwrap().0 > 0);
    }

    #[test]
    fn times_to_live_are_bounded() {
        let ttls = [-5, 0, 2, 9_000_000_000, 9_000_000_001].map(|t| lessor().effective_ttl(t));
        assert_eq!(ttls, [Some(2), Some(2), Some(2), Some(9_000_000_000), None]);
    }
}
