//! Leases with and without keys, that are kept alive, revoked, or left to end.

use std::time::Duration;

use braid_core::api::{DeleteRangeRequest, PutRequest, Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use bytes::Bytes;

use super::{Known, Step, Workload};
use crate::failure::Verdict;
use crate::model::random::Random;

/// In seconds; 1 becomes the shortest that is granted.
const TTLS: [i64; 5] = [1, 2, 3, 5, 8];
const PAUSES_MS: [u64; 5] = [1, 30, 400, 1500, 4000];

/// A holder of at most one lease.
pub(super) struct Leases {
    key: Bytes,
    lease: Option<LeaseId>,
    /// Its key is on its way out, and the lease goes next.
    letting_go: bool,
}

impl Leases {
    pub(super) fn new(seed: u64) -> Self {
        Self { key: format!("lease/{}", seed % 4).into(), lease: None, letting_go: false }
    }

    fn revoke(&mut self, lease: LeaseId, known: &mut Known) -> Request {
        self.lease = None;
        known.leases.retain(|known| *known != lease);
        Request::LeaseRevoke { lease }
    }
}

impl Workload for Leases {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        let Some(lease) = self.lease else {
            let (lease, ttl) = (known.new_lease(), random.pick(&TTLS));
            self.lease = Some(lease);
            return Step::Call(Request::LeaseGrant { lease, ttl });
        };
        let key = self.key.clone();
        if self.letting_go {
            self.letting_go = false;
            return Step::Call(self.revoke(lease, known));
        }
        Step::Call(match random.below(18) {
            0..=3 => Request::Put(PutRequest { key, lease, ..PutRequest::default() }),
            4 => Request::Put(PutRequest { key, ..PutRequest::default() }),
            5..=6 => Request::DeleteRange(DeleteRangeRequest { key, ..Default::default() }),
            7..=9 => Request::LeaseKeepAlive { lease },
            10 => Request::LeaseTimeToLive { lease, keys: random.one_in(2) },
            11 => Request::LeaseLeases,
            12 => self.revoke(lease, known),
            13..=15 => {
                self.letting_go = true;
                let delete = DeleteRangeRequest { key, ..Default::default() };
                return Step::Send(Request::DeleteRange(delete));
            }
            _ => return Step::Pause(Duration::from_millis(random.pick(&PAUSES_MS))),
        })
    }

    fn answered(
        &mut self,
        request: &Request,
        answer: &Result<Response, Error>,
        known: &mut Known,
    ) -> Verdict {
        match (request, answer) {
            (Request::LeaseGrant { .. }, Ok(Response::LeaseGrant { lease, .. })) => {
                known.leases.push(*lease);
            }
            (_, Err(Error::LeaseNotFound)) => self.lease = None,
            _ => {}
        }
        Ok(())
    }
}
