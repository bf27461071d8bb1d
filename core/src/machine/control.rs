//! The control group, on core 0: what it decides, in the order of its log.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use braid_raft::{Group, GroupError};
use braid_storage::ids::{Epoch, GroupId, LeaseId, Revision};
use braid_storage::log::{HardState, Log};
use braid_storage::payload::Encoder;
use braid_storage::record::{self, Action, Batch, Record};
use bytes::Bytes;

use super::coordinator::Coordinator;
use super::lease_requests::AttachedKeys;
use super::mail::{ReplyTo, TaskId};
use crate::lessor::Lessor;

/// Core 0's extra duties.
pub(super) struct Control {
    group: Group,
    /// Decided, not yet proposed.
    unproposed: VecDeque<Decision>,
    /// Proposed, not yet committed, in log order.
    proposed: VecDeque<(u64, Decision)>,
    /// Committed records whose revision the watermark has not passed.
    pub(super) unapplied: VecDeque<(Revision, LeaseId, ReplyTo)>,
    /// Leases without keys, whose ends may be proposed once the watermark has passed this revision.
    pub(super) unrevoked: VecDeque<(Revision, LeaseId, ReplyTo)>,
    pub(super) lessor: Lessor,
    /// Expired leases whose ends are under way.
    pub(super) expiries: usize,
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
            expiries: 0,
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
            self.group.propose(decision.entry.encode(epoch, watermark, encoder))?;
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
    pub(super) fn persisted(&mut self, number: u64) -> (Vec<Decision>, bool) {
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
    fn encode(&self, epoch: Epoch, watermark: Revision, encoder: &mut Encoder) -> Bytes {
        match self {
            Self::Plain(control) => encoder.control(control),
            Self::Revoke { lease, revision, participants } => {
                let action = Action::RevokeLease(*lease);
                let changes = vec![record::Change { sub: 0, key: Bytes::new(), action }];
                let (revision, participants) = (*revision, participants.clone());
                let record = Record { revision, participants, part: 0, parts: 1, changes };
                encoder.batch(&Batch { epoch, watermark, records: vec![record] }, &[])
            }
        }
    }
}
