//! Leases, without their time.

use braid_core::api::Response;
use braid_core::error::Error;
use braid_core::ids::{LeaseId, Revision};
use bytes::Bytes;

use super::Model;

/// Lowest time to live that a lease is granted, in seconds: etcd's with its default timeouts.
const LEASE_TTL_MIN: i64 = 2;
const LEASE_TTL_MAX: i64 = 9_000_000_000;

impl Model {
    /// Lets a lease be there, if it is not; 0 is none.
    pub fn admit(&mut self, lease: LeaseId) {
        if lease.0 != 0 {
            self.leases.entry(lease.0).or_insert(LEASE_TTL_MIN);
        }
    }

    pub(super) fn lease_grant(&mut self, lease: LeaseId, ttl: i64) -> Result<Response, Error> {
        if ttl > LEASE_TTL_MAX {
            return Err(Error::LeaseTtlTooLarge);
        }
        if self.leases.contains_key(&lease.0) {
            return Err(Error::LeaseExists);
        }
        // etcd chooses at random: whoever compares must not look at a chosen id.
        let chosen = self.leases.keys().last().map_or(1, |last| last.max(&0) + 1);
        let lease = if lease.0 == 0 { LeaseId(chosen) } else { lease };
        let ttl = ttl.max(LEASE_TTL_MIN);
        self.leases.insert(lease.0, ttl);
        Ok(Response::LeaseGrant { revision: Revision(self.revision), lease, ttl })
    }

    pub(super) fn lease_revoke(&mut self, lease: LeaseId) -> Result<Response, Error> {
        if self.leases.remove(&lease.0).is_none() {
            return Err(Error::LeaseNotFound);
        }
        self.delete_keys(&self.attached(lease));
        self.commit();
        Ok(Response::LeaseRevoke { revision: Revision(self.revision) })
    }

    pub(super) fn lease_keep_alive(&self, lease: LeaseId) -> Response {
        let ttl = self.leases.get(&lease.0).copied().unwrap_or(0);
        Response::LeaseKeepAlive { revision: Revision(self.revision), ttl }
    }

    pub(super) fn lease_time_to_live(&self, lease: LeaseId, keys: bool) -> Response {
        let granted = self.leases.get(&lease.0).copied();
        Response::LeaseTimeToLive {
            revision: Revision(self.revision),
            ttl: granted.unwrap_or(-1),
            granted_ttl: granted.unwrap_or(0),
            keys: if keys { self.attached(lease) } else { Vec::new() },
        }
    }

    /// In the order of ids: which ends first is a question of time.
    pub(super) fn lease_leases(&self) -> Response {
        let leases = self.leases.keys().copied().map(LeaseId).collect();
        Response::LeaseLeases { revision: Revision(self.revision), leases }
    }

    /// The keys of a lease in order.
    fn attached(&self, lease: LeaseId) -> Vec<Bytes> {
        let mut keys = self.keys();
        keys.retain(|_, pair| pair.lease == lease.0 && lease.0 != 0);
        keys.into_keys().collect()
    }
}
