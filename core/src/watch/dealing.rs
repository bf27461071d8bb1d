//! Live events on their way to the synced watchers, a piece at a time: one event may concern
//! thousands of them.
//!
//! A dealing takes every event up to a watermark to everybody who waits for it, round by round.
//! The watermark counts as delivered from its beginning, so until its end nobody catches up and no
//! progress is told: both would take for done what is not dealt out yet.

use super::hub::WatchHub;
use super::round::{Round, Share};
use super::watcher::{Stage, WatcherKey};

/// Steps of watchers that are behind between two dealings, so that constant traffic in the present
/// cannot keep them in the past.
const STEPS_BETWEEN_DEALINGS: u32 = 64;

/// What a step of a watcher that is behind costs, against one event for one watcher: it looks
/// through recent events.
const STEP_COST: usize = 16;

/// How far a dealing is.
pub(super) enum Dealing {
    /// A round is being filled.
    Fill(Round),
    /// A round is being dealt.
    Deal(Round),
}

impl WatchHub {
    /// Works for about as long as it takes to give `budget` events to a watcher each. Returns
    /// whether there may be more to do.
    pub fn work(&mut self, mut budget: usize) -> bool {
        while budget > 0 {
            let Some(cost) = self.work_once(budget) else { return false };
            budget = budget.saturating_sub(cost);
        }
        true
    }

    /// Does a piece of work and returns its cost; `None` when there is none.
    fn work_once(&mut self, budget: usize) -> Option<usize> {
        if let Some(dealing) = self.dealing.take() {
            return Some(self.deal(dealing, budget));
        }
        if self.watermark > self.delivered && self.steps_owed == 0 {
            return Some(self.begin_dealing());
        }
        if self.step_one_watcher() {
            self.steps_owed = self.steps_owed.saturating_sub(1);
            return Some(STEP_COST);
        }
        (self.watermark > self.delivered).then(|| self.begin_dealing())
    }

    fn begin_dealing(&mut self) -> usize {
        self.delivered = self.watermark;
        self.dealing = Some(Dealing::Fill(Round::default()));
        1
    }

    /// Deals on until the watermark is delivered.
    pub(super) fn finish_dealing(&mut self) {
        while let Some(dealing) = self.dealing.take() {
            self.deal(dealing, usize::MAX);
        }
    }

    /// Deals on, to no more than `max` watchers.
    fn deal(&mut self, dealing: Dealing, max: usize) -> usize {
        match dealing {
            Dealing::Fill(round) => self.fill_round(round),
            Dealing::Deal(round) => self.deal_round(round, max),
        }
    }

    fn fill_round(&mut self, mut round: Round) -> usize {
        let limit_bytes = self.config.chunk_bytes();
        let next = self.pending.first();
        let Some(live) = next
            .filter(|next| !round.ends_before(*next, limit_bytes))
            .and_then(|_| self.pending.pop_upto(self.delivered))
        else {
            self.dealing = Some(Dealing::Deal(round));
            return 1;
        };
        let interests = self.interests.find(&live.event.kv.key);
        let cost = 1 + interests.len();
        round.push(live, interests);
        self.dealing = Some(Dealing::Fill(round));
        cost
    }

    fn deal_round(&mut self, mut round: Round, max: usize) -> usize {
        let Some((interest, mut share)) = round.next_share() else {
            return self.end_round(round);
        };
        let sharers = self.interests.sharers(interest, share.after, max);
        for sharer in &sharers {
            self.deal_to(sharer.key, &mut share, &round);
        }
        let cost = 1 + share.len() + sharers.len();
        if sharers.len() == max {
            share.after = sharers.last().copied();
            round.put_back(interest, share);
        }
        self.dealing = Some(Dealing::Deal(round));
        cost
    }

    /// Gives a watcher its part, if it is synced.
    fn deal_to(&mut self, key: WatcherKey, share: &mut Share, round: &Round) {
        let watcher = &self.watchers[key.0];
        if watcher.stage == Stage::Synced {
            let shaped = share.shaped_for(watcher, &round.events, self.config.chunk_bytes());
            if let Some(revision) = self.deliver(key, &shaped) {
                self.catch_up_from(key, revision);
            }
        }
    }

    fn end_round(&mut self, round: Round) -> usize {
        let cost = 1 + round.events.len();
        for live in round.events {
            self.recent.push(live);
        }
        if self.pending.first().is_some_and(|next| next <= self.delivered) {
            self.dealing = Some(Dealing::Fill(Round::default()));
        } else {
            self.steps_owed = STEPS_BETWEEN_DEALINGS;
            self.wake_waiting_for_advance();
            self.settle_all_progress();
        }
        cost
    }
}
