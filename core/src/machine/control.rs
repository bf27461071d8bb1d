//! The control group, on core 0: what it decides, in the order of its log.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use braid_raft::{Group, GroupError};
use braid_storage::ids::{Epoch, GroupId, LeaseId, Revision};
use braid_storage::log::{HardState, Log};
use braid_storage::payload::Encoder;
use braid_storage::planted::{Bug, planted};
use braid_storage::record::{self, Action, Batch, Record};

use super::Core;
use super::coordinator::{Coordinator, MultiRequest};
use super::lease_requests::AttachedKeys;
use super::mail::{ReplyTo, TaskId, Update};
use crate::api::{CompactRequest, Request, Response};
use crate::error::Error;
use crate::lessor::Lessor;

/// Core 0's extra duties.
pub(super) struct Control {
    group: Group,
    /// Decided, not yet proposed.
    unproposed: VecDeque<Decision>,
    /// Proposed, not yet committed, in log order.
    proposed: VecDeque<(u64, Decision)>,
    /// Committed records whose revision the watermark has not passed.
    unapplied: VecDeque<(Revision, LeaseId, ReplyTo)>,
    /// Leases without keys, whose ends may be proposed once the watermark has passed this revision.
    unrevoked: VecDeque<(Revision, LeaseId, ReplyTo)>,
    pub(super) lessor: Lessor,
    pub(super) coordinator: Coordinator,
    /// Questions for the keys of a lease.
    pub(super) attached_keys: BTreeMap<TaskId, AttachedKeys>,
    /// Keepalives of leases whose end is under way.
    pub(super) late_keepalives: BTreeMap<LeaseId, Vec<ReplyTo>>,
}

/// Something for the control group to decide, and who waits for it.
pub(super) struct Decision {
    pub(super) entry: Entry,
    pub(super) to: Option<ReplyTo>,
}

/// What is decided.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// Anything without a revision.
    Plain(record::Control),
    /// The end of a lease together with its keys.
    Revoke { lease: LeaseId, revision: Revision, participants: Vec<GroupId> },
}

impl Control {
    pub(super) fn new(group: Group, lessor: Lessor) -> Self {
        Self {
            group,
            unproposed: VecDeque::new(),
            proposed: VecDeque::new(),
            unapplied: VecDeque::new(),
            unrevoked: VecDeque::new(),
            lessor,
            coordinator: Coordinator::default(),
            attached_keys: BTreeMap::new(),
            late_keepalives: BTreeMap::new(),
        }
    }

    pub(super) fn term(&self) -> u64 {
        self.group.term()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    pub(super) fn campaign(&mut self) -> Result<(), GroupError> {
        self.group.campaign()
    }

    /// When something is due by time.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.lessor.deadline()
    }

    /// The first revision that something here waits for, if there is one.
    pub(super) fn next_to_apply(&self) -> Option<Revision> {
        let waiting = self.unapplied.front().into_iter().chain(self.unrevoked.front());
        waiting.map(|(revision, ..)| *revision).min()
    }

    pub(super) fn waiting_for_end(&mut self, lease: LeaseId, to: ReplyTo) {
        self.late_keepalives.entry(lease).or_default().push(to);
    }

    pub(super) fn decide(&mut self, entry: Entry, to: Option<ReplyTo>) {
        self.unproposed.push_back(Decision { entry, to });
    }

    /// Proposes what is to be decided and pushes it to the log; the number to report back when it
    /// is synced.
    pub(super) fn submit(
        &mut self,
        epoch: Epoch,
        watermark: Revision,
        encoder: &mut Encoder,
        log: &mut Log,
    ) -> Result<Option<u64>, GroupError> {
        let decisions: Vec<Decision> = self.unproposed.drain(..).collect();
        for decision in &decisions {
            let entry = decision.entry.to_record(epoch, watermark);
            self.group.propose(encoder.control(&entry))?;
        }
        let Some(unstable) = self.group.poll_unstable() else { return Ok(None) };
        if let Some(vote) = unstable.vote {
            let state = HardState { term: vote.term, vote: vote.vote, commit: vote.commit };
            log.push_hard_state(GroupId::CONTROL, state);
        }
        let mut decisions = decisions.into_iter();
        for entry in unstable.entries {
            if !entry.payload.is_empty()
                && let Some(decision) = decisions.next()
            {
                self.proposed.push_back((entry.index, decision));
            }
            log.push_entry(GroupId::CONTROL, entry.term, entry.index, entry.payload);
        }
        Ok(Some(unstable.number))
    }

    /// The log has synced this number: the decisions that are committed now, and whether a
    /// barrier was.
    fn persisted(&mut self, number: u64) -> (Vec<Decision>, bool) {
        self.group.persisted(number);
        let mut entries = Vec::new();
        self.group.poll_committed(&mut entries);
        let Some(last) = entries.last() else { return (Vec::new(), false) };
        let committed = self.proposed.partition_point(|(index, _)| *index <= last.index);
        let decisions = self.proposed.drain(..committed).map(|(_, decision)| decision).collect();
        (decisions, entries.iter().any(|entry| entry.payload.is_empty()))
    }
}

impl Entry {
    fn to_record(&self, epoch: Epoch, watermark: Revision) -> record::Control {
        match self {
            Self::Plain(control) => control.clone(),
            Self::Revoke { lease, revision, participants } => {
                let action = Action::RevokeLease(*lease);
                let changes = vec![record::Change { sub: 0, key: Vec::new(), action }];
                let (revision, participants) = (*revision, participants.clone());
                let record = Record { revision, participants, part: 0, parts: 1, changes };
                record::Control::Records(Batch { epoch, watermark, records: vec![record] })
            }
        }
    }
}

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
        let early = planted(Bug::EndLeaseBeforeDurable);
        self.propose_waiting_revokes(if early { bound } else { self.applied });
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
            Entry::Plain(record::Control::Genesis { .. } | record::Control::Records(_)) => {}
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
    pub(super) fn answer_of(&self, update: Update, revision: Revision) -> Response {
        match update {
            Update::LeaseLives(lease) => {
                let ttl = self.control.as_ref().and_then(|c| c.lessor.granted_ttl(lease));
                Response::LeaseGrant { revision, lease, ttl: ttl.unwrap_or(0) }
            }
            Update::LeaseOver(_) => Response::LeaseRevoke { revision },
            Update::Compact(_) => Response::Compact { revision },
        }
    }
}
