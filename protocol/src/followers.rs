//! What members that do not lead know, and show to serializable reads.
//!
//! A leader's message tells a watermark and, read after it, how far each group is committed. The
//! follower shows that watermark once it has got there in every shard, and knows the decision of
//! the epoch that the message comes from.

use braid_core::ids::Revision;

use crate::log::{Entry, GROUPS_MAX, Group, Member, PerGroup};
use crate::model::{Action, Protocol};
use crate::state::{Fault, State, Told};
use crate::trap::Trap;

impl Protocol {
    pub(crate) fn follower_actions(&self, state: &State, member: Member, out: &mut Vec<Action>) {
        let of = state.member(member);
        if !self.bounds.followers || of.roles.iter().any(|term| *term != 0) {
            return;
        }
        let lags = |group: &Group| of.known[group.at()] < state.log(*group).committed;
        out.extend(state.groups().filter(lags).map(|group| Action::Learn(member, group)));
        let others = (0..self.bounds.members).map(Member).filter(|other| *other != member);
        match &of.told {
            None => out.extend(
                others
                    .filter(|l| has_news(state, *l, member))
                    .map(|leader| Action::Tell { leader, to: member }),
            ),
            Some(told) if told.whole => out.push(Action::Apply(member)),
            Some(_) => out.push(Action::TellRest(member)),
        }
    }

    /// A leader begins a message: the watermark is read now.
    pub(crate) fn tell(&self, state: &mut State, leader: Member, to: Member) {
        let Some(reign) = &state.member(leader).reign else { return };
        let early = self.trap == Some(Trap::IndexesBeforeWatermark);
        let needs = if early { state.member(leader).known } else { [0; GROUPS_MAX] };
        let (epoch, watermark) = (reign.epoch, reign.sequencing.watermark);
        let told = Told { leader, epoch, watermark, needs, whole: false };
        state.member_mut(to).told = Some(told);
    }

    /// The message's second half: the commit indexes are read now. A leader that is none any more
    /// sends nothing.
    pub(crate) fn tell_rest(&self, state: &mut State, to: Member) {
        let Some(mut told) = state.member_mut(to).told.take() else { return };
        let leader = state.member(told.leader);
        let Some(reign) = leader.reign.as_ref().filter(|r| r.epoch == told.epoch) else { return };
        if self.trap == Some(Trap::IndexesBeforeWatermark) {
            told.watermark = reign.sequencing.watermark;
        } else {
            told.needs = leader.known;
        }
        told.whole = true;
        state.member_mut(to).told = Some(told);
    }

    /// The follower shows the watermark that it was told, or forgets it if it is not that far:
    /// the next message tells it again.
    pub(crate) fn apply_told(&self, state: &mut State, member: Member) {
        let Some(told) = state.member_mut(member).told.take() else { return };
        let reached = self.reached(state, member, &told.needs);
        let decided = self.trap == Some(Trap::FollowerSkipsDecision)
            || knows_epoch(state.known(member, Group::CONTROL), &told);
        if !reached || !decided {
            return;
        }
        if told.watermark > state.last_seen() {
            state.fail(Fault::AboveWatermark);
        }
        let of = state.member_mut(member);
        of.readable = of.readable.max(told.watermark);
        self.show(state, member, told.watermark);
    }

    fn reached(&self, state: &State, member: Member, needs: &PerGroup) -> bool {
        let known = &state.member(member).known;
        let mut shards = state.groups().skip(1).map(Group::at);
        if self.trap == Some(Trap::FollowerFastestShard) {
            return shards.any(|shard| known[shard] >= needs[shard]);
        }
        shards.all(|shard| known[shard] >= needs[shard])
    }
}

fn has_news(state: &State, leader: Member, to: Member) -> bool {
    let readable: Revision = state.member(to).readable;
    let reign = state.member(leader).reign.as_ref();
    reign.is_some_and(|reign| reign.sequencing.watermark > readable)
}

fn knows_epoch(control: &[Entry], told: &Told) -> bool {
    control.iter().any(|entry| matches!(entry, Entry::Decision(epoch, ..) if *epoch == told.epoch))
}
