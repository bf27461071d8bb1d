//! Lease requests, on core 0. Keepalives touch memory only; they never go through the log.

use braid_storage::ids::{CoreId, LeaseId, Revision};
use braid_storage::record;
use bytes::Bytes;

use super::Core;
use super::collect::Collected;
use super::coordinator::MultiRequest;
use super::mail::{Collect, Mail, ReplyTo, TaskId, Update};
use crate::api::Response;
use crate::error::Error;

/// A question for the keys of a lease, waiting for the other cores.
pub(super) struct AttachedKeys {
    to: ReplyTo,
    lease: LeaseId,
    missing: u16,
    keys: Vec<Vec<u8>>,
}

impl Core {
    pub(super) fn grant_lease(&mut self, to: ReplyTo, wanted: LeaseId, ttl: i64) {
        let Some(control) = &mut self.control else { return };
        let Some(ttl) = control.lessor.effective_ttl(ttl) else {
            return self.reply(to, Err(Error::LeaseTtlTooLarge));
        };
        match control.lessor.reserve(wanted) {
            Some(lease) => self.decide(record::Control::LeaseGrant { lease, ttl }, Some(to)),
            None => self.reply(to, Err(Error::LeaseExists)),
        }
    }

    pub(super) fn lease_granted(&mut self, lease: LeaseId, ttl: i64, to: Option<ReplyTo>) {
        let now = self.now;
        if let Some(control) = &mut self.control {
            control.lessor.begin(now, lease, ttl);
        }
        self.announce(Update::LeaseLives(lease, ttl), to, self.applied);
    }

    pub(super) fn keep_lease_alive(&mut self, to: ReplyTo, lease: LeaseId) {
        self.advance();
        let (now, revision) = (self.now, self.applied);
        let Some(control) = &mut self.control else { return };
        if control.lessor.is_expiring(lease) {
            // The answer must be true when it arrives: it waits for the end.
            return control.waiting_for_end(lease, to);
        }
        let ttl = control.lessor.renew(now, lease).unwrap_or(0);
        self.reply(to, Ok(Response::LeaseKeepAlive { revision, ttl }));
    }

    pub(super) fn lease_time_to_live(&mut self, to: ReplyTo, lease: LeaseId, keys: bool) {
        self.advance();
        let known = self.control.as_ref().and_then(|c| c.lessor.time_to_live(self.now, lease));
        if known.is_some() && keys {
            return self.ask_for_attached(to, lease);
        }
        self.answer_time_to_live(to, lease, Vec::new());
    }

    fn answer_time_to_live(&mut self, to: ReplyTo, lease: LeaseId, keys: Vec<Vec<u8>>) {
        let known = self.control.as_ref().and_then(|c| c.lessor.time_to_live(self.now, lease));
        let (ttl, granted_ttl) = known.unwrap_or((-1, 0));
        let keys = keys.into_iter().map(Bytes::from).collect();
        let revision = self.applied;
        self.reply(to, Ok(Response::LeaseTimeToLive { revision, ttl, granted_ttl, keys }));
    }

    fn ask_for_attached(&mut self, to: ReplyTo, lease: LeaseId) {
        let task = self.new_task();
        let cores = self.routing.owning_cores().count() as u16;
        let asked = AttachedKeys { to, lease, missing: cores, keys: Vec::new() };
        if let Some(control) = &mut self.control {
            control.attached_keys.insert(task, asked);
        }
        for core in (0..cores).map(CoreId) {
            let collect =
                Collect { task, close_gate: false, needs: Vec::new(), leases: vec![lease] };
            self.mail(core, Mail::Collect(collect));
        }
    }

    /// One core has answered a question that closes no gate. Returns whether the next part of the
    /// answer is wanted.
    pub(super) fn take_gathered(&mut self, task: TaskId, collected: Collected) -> bool {
        let asked = self.control.as_mut().and_then(|c| c.attached_keys.get_mut(&task));
        let Some(asked) = asked else { return self.take_txn_read(task, collected) };
        asked.keys.extend(collected.attached.into_iter().flat_map(|(_, keys)| keys));
        asked.missing -= u16::from(collected.end.is_some());
        if asked.missing > 0 {
            return true;
        }
        let finished = self.control.as_mut().and_then(|c| c.attached_keys.remove(&task));
        if let Some(AttachedKeys { to, lease, mut keys, .. }) = finished {
            keys.sort();
            self.answer_time_to_live(to, lease, keys);
        }
        true
    }

    pub(super) fn list_leases(&mut self, to: ReplyTo) {
        self.advance();
        let leases = self.control.as_ref().map(|control| control.lessor.list()).unwrap_or_default();
        self.reply(to, Ok(Response::LeaseLeases { revision: self.applied, leases }));
    }

    /// Ends the leases whose time is up.
    pub(super) fn expire_leases(&mut self) {
        let (now, serving) = (self.now, self.epoch.0 > 0);
        let Some(control) = self.control.as_mut().filter(|_| serving) else { return };
        let room = self.config.limits.expiries - control.expiries;
        if room == 0 {
            return control.lessor.postpone(now);
        }
        let expired = control.lessor.take_expired(now, room);
        control.expiries += expired.len();
        for lease in expired {
            self.coordinate(ReplyTo::Expiry(lease), MultiRequest::Revoke(lease));
        }
    }

    /// An expired lease is over, or its revocation was refused because a client's came first.
    pub(super) fn handle_expiry_answer(&mut self, lease: LeaseId, answer: Result<Response, Error>) {
        debug_assert!(matches!(answer, Ok(_) | Err(Error::LeaseNotFound)), "{lease}: {answer:?}");
        if let Some(control) = &mut self.control {
            control.expiries -= 1;
        }
    }

    /// Keepalives that came while the lease was ending learn that it has.
    pub(super) fn answer_late_keepalives(&mut self, lease: LeaseId, revision: Revision) {
        let waiting = self.control.as_mut().and_then(|c| c.late_keepalives.remove(&lease));
        for to in waiting.into_iter().flatten() {
            self.reply(to, Ok(Response::LeaseKeepAlive { revision, ttl: 0 }));
        }
    }
}
