//! Whether leases kept their time: none ends early, none outlives its end.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::evaluate::footprint::leases_named;
use braid_core::ids::LeaseId;

use super::order::Operation;
use crate::failure::{Failure, Verdict};

/// What clients know of the leases. No id is used twice.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    leases: BTreeMap<LeaseId, Lease>,
}

#[derive(Clone, Debug)]
struct Lease {
    /// Its time to live and when the client was told of it, once it was.
    granted: Option<(Duration, Duration)>,
    /// Its time runs from here at the earliest.
    renewed: Duration,
    revoke_sent: bool,
    /// When a revocation was acknowledged.
    revoked: Option<Duration>,
}

impl Lease {
    /// Whether nobody who asked at `sent` may hear at `now` that it is over.
    fn must_live(&self, sent: Duration, now: Duration) -> bool {
        let granted = self.granted.is_some_and(|(_, told)| told <= sent);
        granted && !self.revoke_sent && now < self.ends()
    }

    fn ends(&self) -> Duration {
        self.renewed + self.granted.map_or(Duration::ZERO, |(ttl, _)| ttl)
    }
}

impl Ledger {
    /// A client sends a request.
    pub fn sent(&mut self, request: &Request, now: Duration) {
        match request {
            Request::LeaseGrant { lease, .. } => {
                let new = Lease { granted: None, renewed: now, revoke_sent: false, revoked: None };
                self.leases.entry(*lease).or_insert(new);
            }
            Request::LeaseRevoke { lease } => {
                if let Some(known) = self.leases.get_mut(lease) {
                    known.revoke_sent = true;
                }
            }
            _ => {}
        }
    }

    /// A client is answered.
    ///
    /// # Errors
    /// When a lease is over that must live, or lives that must be over.
    pub fn answered(&mut self, operation: &Operation) -> Verdict {
        let Some((now, result)) = &operation.answer else { return Ok(()) };
        let (now, sent) = (*now, operation.sent);
        match (&operation.request, result) {
            (request, Err(Error::LeaseNotFound)) => self.not_found(request, sent, now),
            (Request::LeaseGrant { lease, .. }, Ok(Response::LeaseGrant { ttl, .. })) => {
                if let Some(known) = self.leases.get_mut(lease) {
                    known.granted = Some((Duration::from_secs((*ttl).max(0) as u64), now));
                }
                Ok(())
            }
            (Request::LeaseRevoke { lease }, Ok(_)) => {
                if let Some(known) = self.leases.get_mut(lease) {
                    known.revoked.get_or_insert(now);
                }
                Ok(())
            }
            (Request::LeaseKeepAlive { lease }, Ok(Response::LeaseKeepAlive { ttl, .. })) => {
                self.kept_alive(*lease, *ttl, sent, now)
            }
            (Request::LeaseTimeToLive { lease, .. }, Ok(Response::LeaseTimeToLive { ttl, .. })) => {
                if *ttl < 0 {
                    self.over(*lease, sent, now)
                } else {
                    self.lives(*lease, sent)
                }
            }
            (Request::LeaseLeases, Ok(Response::LeaseLeases { leases, .. })) => {
                self.listed(leases, sent, now)
            }
            (Request::Put(put), Ok(_)) => self.lives(put.lease, sent),
            _ => Ok(()),
        }
    }

    fn kept_alive(&mut self, lease: LeaseId, ttl: i64, sent: Duration, now: Duration) -> Verdict {
        if ttl <= 0 {
            return self.over(lease, sent, now);
        }
        self.lives(lease, sent)?;
        if let Some(known) = self.leases.get_mut(&lease) {
            known.renewed = known.renewed.max(sent);
        }
        Ok(())
    }

    /// Some lease that the request names is over.
    fn not_found(&self, request: &Request, sent: Duration, now: Duration) -> Verdict {
        let named = match request {
            Request::Put(put) => vec![put.lease],
            Request::LeaseRevoke { lease } => vec![*lease],
            Request::Txn(txn) => leases_named(txn),
            _ => Vec::new(),
        };
        let over = |lease: &LeaseId| self.over(*lease, sent, now).is_ok();
        if matches!(request, Request::LeaseRevoke { .. }) || named.iter().any(over) {
            return Ok(());
        }
        Err(early(&named, now, format!("{request:?}")))
    }

    /// Somebody who asked at `sent` hears at `now` that the lease is over.
    fn over(&self, lease: LeaseId, sent: Duration, now: Duration) -> Verdict {
        match self.leases.get(&lease) {
            Some(known) if known.must_live(sent, now) => {
                Err(early(&[lease], now, format!("{known:?}")))
            }
            _ => Ok(()),
        }
    }

    /// Something asked for at `sent` says that the lease lives.
    fn lives(&self, lease: LeaseId, sent: Duration) -> Verdict {
        let revoked = self.leases.get(&lease).and_then(|known| known.revoked);
        if revoked.is_some_and(|revoked| revoked <= sent) {
            let evidence = format!("{lease} lives at {sent:?}, revoked at {revoked:?}");
            return Err(Failure::new("what is revoked is over", evidence));
        }
        Ok(())
    }

    fn listed(&self, leases: &[LeaseId], sent: Duration, now: Duration) -> Verdict {
        for lease in leases {
            self.lives(*lease, sent)?;
        }
        let missing = self.leases.keys().filter(|lease| !leases.contains(lease));
        missing.copied().try_for_each(|lease| self.over(lease, sent, now))
    }

    /// The member crashed at `crashed` and begins anew at `now`: so does the time of each lease.
    pub fn restarted(&mut self, crashed: Duration, now: Duration) {
        for lease in self.leases.values_mut() {
            if lease.must_live(crashed, crashed) {
                lease.renewed = now;
            }
        }
    }

    /// Every lease, and from when on it may be over.
    #[must_use]
    pub fn ends(&self) -> Vec<(LeaseId, Duration)> {
        let end = |known: &Lease| if known.revoke_sent { Duration::ZERO } else { known.ends() };
        self.leases.iter().map(|(lease, known)| (*lease, end(known))).collect()
    }

    /// When the last lease must be over, but for the time that its end takes.
    #[must_use]
    pub fn all_over(&self) -> Duration {
        self.leases.values().map(Lease::ends).max().unwrap_or_default()
    }
}

fn early(leases: &[LeaseId], now: Duration, evidence: String) -> Failure {
    Failure::new("no lease ends early", format!("{leases:?} at {now:?}: {evidence}"))
}
