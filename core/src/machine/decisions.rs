//! What the control group is asked to decide, and what follows when it has.

use braid_storage::ids::{GroupId, LeaseId, Revision};
use braid_storage::record;

use super::Core;
use super::control::{Decision, Entry};
use super::coordinator::MultiRequest;
use super::mail::{ReplyTo, Update};
use crate::api::{CompactRequest, Request, Response};
use crate::error::Error;

impl Core {
    /// Puts something before the control group. Core 0 only.
    pub(super) fn decide(&mut self, entry: record::Control, to: Option<ReplyTo>) {
        if let Some(control) = &mut self.control {
            control.decide(Entry::Plain(entry), to);
        }
    }

    pub(super) fn handle_control_request(&mut self, to: ReplyTo, request: Request) {
        match request {
            Request::Compact(request) => self.compact(to, request),
            Request::LeaseGrant { lease, ttl } => self.grant_lease(to, lease, ttl),
            Request::LeaseRevoke { lease } => self.coordinate(to, MultiRequest::Revoke(lease)),
            Request::LeaseKeepAlive { lease } => self.keep_lease_alive(to, lease),
            Request::LeaseTimeToLive { lease, keys } => self.lease_time_to_live(to, lease, keys),
            Request::LeaseLeases => self.list_leases(to),
            other => unreachable!("not a control request: {other:?}"),
        }
    }

    fn compact(&mut self, to: ReplyTo, CompactRequest { revision, physical }: CompactRequest) {
        self.advance();
        let state = self.read_state();
        let wanted = self.compaction.wanted();
        if revision <= state.compacted.max(wanted) {
            return self.reply(to, Err(Error::Compacted));
        }
        if u64::try_from(revision).is_ok_and(|revision| revision > state.current.0) {
            return self.reply(to, Err(Error::FutureRevision));
        }
        self.compaction.want(revision, physical);
        self.decide(record::Control::Compact { revision: Revision(revision as u64) }, Some(to));
    }

    /// Ends a lease that has no keys in the state after `bound`. Only once that state is durable:
    /// a crash could bring a key back whose delete was in flight, and its lease would be gone.
    pub(super) fn propose_revoke(&mut self, to: ReplyTo, lease: LeaseId, bound: Revision) {
        if let Some(control) = &mut self.control {
            control.unrevoked.push_back((bound, lease, to));
        }
        self.propose_waiting_revokes(self.applied);
    }

    fn propose_waiting_revokes(&mut self, watermark: Revision) {
        while let Some(control) = &mut self.control
            && control.unrevoked.front().is_some_and(|(bound, ..)| *bound <= watermark)
            && let Some((_, lease, to)) = control.unrevoked.pop_front()
        {
            self.decide(record::Control::LeaseRevoke { lease }, Some(to));
        }
    }

    pub(super) fn propose_revoke_record(
        &mut self,
        to: ReplyTo,
        lease: LeaseId,
        revision: Revision,
        participants: Vec<GroupId>,
    ) {
        self.sequencer.adopt(revision, 1);
        if let Some(control) = &mut self.control {
            control.decide(Entry::Revoke { lease, revision, participants }, Some(to));
        }
    }

    /// The log has synced this number of the control group.
    pub(super) fn control_persisted(&mut self, number: u64) {
        let Some(control) = &mut self.control else { return };
        let (decisions, barrier) = control.persisted(number);
        if barrier {
            self.control_leads();
        }
        for decision in decisions {
            self.decided(decision);
        }
    }

    fn decided(&mut self, Decision { entry, to }: Decision) {
        match entry {
            Entry::Revoke { lease, revision, .. } => {
                self.sequencer.committed(revision);
                if let (Some(control), Some(to)) = (&mut self.control, to) {
                    control.unapplied.push_back((revision, lease, to));
                }
            }
            Entry::Plain(record::Control::Epoch { epoch, .. }) => self.begin_reign(epoch),
            Entry::Plain(record::Control::LeaseGrant { lease, ttl }) => {
                self.lease_granted(lease, ttl, to);
            }
            Entry::Plain(record::Control::LeaseRevoke { lease }) => {
                self.lease_ended(lease, self.applied, to);
            }
            Entry::Plain(record::Control::Compact { revision }) => {
                self.announce(Update::Compact(revision), to, self.applied);
            }
            Entry::Plain(record::Control::Genesis { .. }) => {}
        }
    }

    /// The watermark has passed the ends of some leases, or what others wait for.
    pub(super) fn apply_control(&mut self, watermark: Revision) {
        while let Some(control) = &mut self.control
            && control.unapplied.front().is_some_and(|(revision, ..)| *revision <= watermark)
            && let Some((revision, lease, to)) = control.unapplied.pop_front()
        {
            self.lease_ended(lease, revision, Some(to));
        }
        self.propose_waiting_revokes(watermark);
    }

    /// The lease is over: every core forgets it before anybody is told.
    fn lease_ended(&mut self, lease: LeaseId, revision: Revision, to: Option<ReplyTo>) {
        if let Some(control) = &mut self.control {
            control.lessor.end(lease);
        }
        self.announce(Update::LeaseOver(lease), to, revision);
    }

    /// What the client hears when all cores act on `update`.
    pub(super) fn answer_of(update: Update, revision: Revision) -> Response {
        match update {
            // What was granted, even if it has been revoked since.
            Update::LeaseLives(lease, ttl) => Response::LeaseGrant { revision, lease, ttl },
            Update::LeaseOver(_) => Response::LeaseRevoke { revision },
            Update::Compact(_) => Response::Compact { revision },
        }
    }
}
