//! Leases of the made-up server: they end a little after their time.

use std::collections::BTreeMap;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;

use super::{MS, World};

/// Leases are granted for this long, in seconds: the least that etcd grants.
const TTL: i64 = 2;
const TTL_NS: u64 = 2_000 * MS;

/// What the server knows of its leases.
#[derive(Default)]
pub struct Leases {
    /// When each ends at the earliest.
    ends: BTreeMap<i64, u64>,
    /// Those that a client knows of.
    known: Vec<i64>,
    last: i64,
}

impl Leases {
    /// A request was carried out.
    pub fn note_applied(&mut self, request: &Request, answer: &Result<Response, Error>, now: u64) {
        match (request, answer) {
            (Request::LeaseGrant { lease, ttl: TTL }, Ok(_)) => {
                self.ends.insert(lease.0, now + TTL_NS);
            }
            (Request::LeaseKeepAlive { lease }, Ok(Response::LeaseKeepAlive { ttl: TTL, .. })) => {
                self.ends.insert(lease.0, now + TTL_NS);
            }
            (Request::LeaseRevoke { lease }, Ok(_)) => {
                self.ends.remove(&lease.0);
            }
            _ => {}
        }
    }

    /// A client hears of a lease.
    pub fn note_answer(&mut self, _client: u64, answer: &Result<Response, Error>) {
        if let Ok(Response::LeaseGrant { lease, ttl: TTL, .. }) = answer {
            self.known.push(lease.0);
        }
    }
}

impl World {
    pub(super) fn lease_request(&mut self) -> Request {
        let known = &self.leases.known;
        if known.is_empty() || self.random.one_in(3) {
            self.leases.last += 1;
            return Request::LeaseGrant { lease: LeaseId(1000 + self.leases.last), ttl: TTL };
        }
        let recent = &known[known.len().saturating_sub(4)..];
        let lease = LeaseId(self.random.pick(recent));
        match self.random.below(10) {
            0 => Request::LeaseRevoke { lease },
            1..=3 => Request::LeaseKeepAlive { lease },
            4..=5 => Request::LeaseTimeToLive { lease, keys: false },
            6 => Request::LeaseLeases,
            _ => Request::Put(braid_core::api::PutRequest { lease, ..self.generator.put() }),
        }
    }

    /// Leases whose time is over end, sooner or later.
    pub(super) fn end_leases(&mut self) {
        let over = self.leases.ends.iter().find(|(_, end)| **end < self.now);
        let Some((lease, end)) = over.map(|(lease, end)| (*lease, *end)) else { return };
        if self.random.one_in(4) || self.now > end + 100 * MS {
            let _ = self.apply(&Request::LeaseRevoke { lease: LeaseId(lease) });
        }
    }
}
