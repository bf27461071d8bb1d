//! One lease. It lives in the control group, the keys attached to it in the shards' groups: at
//! most one a shard, as far as the model goes.
//!
//! Its end is a write like any other, with the control group as a participant: the leader closes
//! the lease, learns which shards hold keys, those in flight included, and sequences one record
//! for all of them. Without keys it is an entry of the control group and takes no revision.
//!
//! Time is one bit: whether a member began to count the lease's time at or after the last
//! keepalive that any client was answered. If it did not, it would end the lease early.

use crate::log::{Change, Entry, Group, Groups, Member, decisions};
use crate::model::{Action, Protocol};
use crate::state::{Gate, State};
use crate::trap::Trap;

/// The lease as some entries tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    lives: bool,
    /// Shards that hold a key.
    attached: Groups,
}

impl Protocol {
    pub(crate) fn lease_actions(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let Some(reign) = state
            .member(member)
            .reign
            .as_ref()
            .filter(|_| self.bounds.lease && self.bounds.cores == 1)
        else {
            return;
        };
        let takes_puts = match reign.lease {
            Gate::Closed(_) => {
                out.push(Action::EndLease(member));
                self.trap == Some(Trap::LeaseStaysOpen)
            }
            Gate::Open if newest(state, member).lives => {
                out.push(Action::CloseLease(member));
                self.keepalive_action(state, member, out);
                true
            }
            Gate::Open | Gate::Ended => false,
        };
        if takes_puts {
            self.attach_actions(state, member, out);
        }
    }

    fn attach_actions(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let shards = state.groups().skip(1).map(Groups::one);
        let attach =
            |parts| Action::Write { member, change: Change::Attach, parts, reached: parts };
        if state.writes < self.bounds.writes {
            out.extend(shards.map(attach));
        }
    }

    /// A keepalive is answered by a leader that has confirmed its leadership since.
    fn keepalive_action(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let blindly = self.trap == Some(Trap::KeepaliveUnconfirmed);
        if blindly || state.confirmed(member) {
            out.push(Action::Keepalive(member));
        }
    }

    /// The client's time begins anew, and this member's; all others do not know.
    pub(crate) fn keepalive(&self, state: &mut State, member: Member) {
        for other in &mut state.members {
            other.counts_anew = false;
        }
        state.member_mut(member).counts_anew = true;
    }

    /// No shard takes keys for the lease any more; each reports whether it holds one.
    pub(crate) fn close_lease(&self, state: &mut State, member: Member) {
        let attached = if self.trap == Some(Trap::ReportCommittedKeys) {
            committed(state, member).attached
        } else {
            newest(state, member).attached
        };
        if let Some(reign) = &mut state.member_mut(member).reign {
            reign.lease = Gate::Closed(attached);
        }
    }

    /// The lease and its keys end.
    pub(crate) fn end_lease(&self, state: &mut State, member: Member) {
        let early = !state.member(member).counts_anew;
        let Some(reign) = &mut state.member_mut(member).reign else { return };
        let Gate::Closed(attached) = reign.lease else { return };
        reign.lease = Gate::Ended;
        let beside = self.trap == Some(Trap::RevokeBesideControl);
        if !attached.is_empty() {
            let control = if beside { 0 } else { Groups::one(Group::CONTROL).0 };
            let parts = Groups(attached.0 | control);
            self.write(state, member, Change::Revoke { early }, parts, parts);
        }
        if (attached.is_empty() || beside) && state.leads(member, Group::CONTROL) {
            state.log_mut(Group::CONTROL).entries.push(Entry::LeaseEnd { early });
        }
    }
}

/// The lease as the leader sees it, with all that is in flight.
fn newest(state: &State, member: Member) -> Lease {
    let own = |group| {
        let leads = state.leads(member, group);
        if leads { &state.log(group).entries } else { state.known(member, group) }
    };
    let mut lease = told_by(state, member, own);
    let reign = state.member(member).reign.as_ref();
    lease.attached.0 |= reign.map_or(0, |reign| reign.attached.0);
    lease
}

/// The lease as the member sees it in what it knows to be committed.
fn committed(state: &State, member: Member) -> Lease {
    told_by(state, member, |group| state.known(member, group))
}

fn told_by<'a>(state: &'a State, member: Member, of: impl Fn(Group) -> &'a [Entry]) -> Lease {
    let decided = decisions(state.known(member, Group::CONTROL));
    let mut lease = Lease { lives: true, attached: Groups::default() };
    for group in state.groups() {
        for entry in of(group) {
            match entry {
                Entry::LeaseEnd { .. } => lease.lives = false,
                Entry::Record(record, _) if !decided.void(record.epoch, record.revision) => {
                    lease.lives &= !matches!(record.change, Change::Revoke { .. });
                    let attached = if record.change == Change::Attach { record.parts.0 } else { 0 };
                    lease.attached.0 |= attached;
                }
                Entry::Record(..) | Entry::Decision(..) | Entry::Setting => {}
            }
        }
    }
    lease
}

/// Whether nobody has seen the lease gone with a key still there, or its keys gone and the lease
/// alive. The lease is gone when its end is committed in the control group.
pub(crate) fn is_whole(state: &State) -> bool {
    let ended = ends(state).next().is_some();
    let (mut revoked, mut attached, mut whole) = (false, 0, true);
    for record in &state.history {
        match record.change {
            Change::Put => {}
            Change::Attach => {
                whole &= !revoked;
                attached |= record.parts.0;
            }
            Change::Revoke { .. } => {
                revoked = true;
                attached &= !record.parts.0;
                whole &= attached == 0 && (ended || record.parts.has(Group::CONTROL));
            }
        }
    }
    whole && (!ended || attached == 0)
}

/// Whether the lease never ended before the time that a client was promised.
pub(crate) fn is_on_time(state: &State) -> bool {
    let early = |change: Change| matches!(change, Change::Revoke { early: true });
    !ends(state).any(|early| early) && !state.history.iter().any(|record| early(record.change))
}

/// Committed ends without a revision: whether each came early.
fn ends(state: &State) -> impl Iterator<Item = bool> {
    let control = state.log(Group::CONTROL);
    control.prefix(control.committed).iter().filter_map(|entry| match entry {
        Entry::LeaseEnd { early } => Some(*early),
        _ => None,
    })
}
