//! Live events on their way to the synced watchers, a piece at a time: one event may concern
//! thousands of them.
//!
//! A dealing takes every event up to a watermark to everybody who waits for it, then queues what
//! each watcher has gathered. The watermark counts as delivered from its beginning, so until its end
//! nobody catches up and no progress is told: both would take for done what is not dealt out yet.

use super::hub::WatchHub;
use super::messages::{InterestId, LiveEvent};
use super::watcher::WatcherKey;

/// Steps of watchers that are behind between two dealings, so that constant traffic in the present
/// cannot keep them in the past.
const STEPS_BETWEEN_DEALINGS: u32 = 64;

/// What a step of a watcher that is behind costs, against one event for one watcher: it looks
/// through recent events.
const STEP_COST: usize = 16;

/// How far a dealing is.
#[expect(clippy::large_enum_variant, reason = "a core has one of these")]
pub(super) enum Dealing {
    /// The next event comes.
    Next,
    /// An event, the interests that still want it, and the last watcher of the last of these that
    /// has it.
    Event(LiveEvent, Vec<InterestId>, Option<WatcherKey>),
    /// All events are with their watchers; what these gathered is being queued.
    Queue,
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
        self.dealing = Some(Dealing::Next);
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
            Dealing::Next => self.deal_next(),
            Dealing::Event(live, interests, after) => self.deal_event(live, interests, after, max),
            Dealing::Queue => self.queue_gathered(max),
        }
    }

    fn deal_next(&mut self) -> usize {
        self.dealing = Some(match self.pending.pop_upto(self.delivered) {
            Some(live) => {
                let interests = self.interests.find(&live.event.kv.key);
                Dealing::Event(live, interests, None)
            }
            None => Dealing::Queue,
        });
        1
    }

    fn deal_event(
        &mut self,
        live: LiveEvent,
        mut interests: Vec<InterestId>,
        after: Option<WatcherKey>,
        max: usize,
    ) -> usize {
        let Some(interest) = interests.last() else {
            self.recent.push(live);
            self.dealing = Some(Dealing::Next);
            return 1;
        };
        let sharers = self.interests.sharers(*interest, after, max);
        for key in &sharers {
            self.deliver_live(*key, &live);
        }
        let after = sharers.last().copied().filter(|_| sharers.len() == max);
        if after.is_none() {
            interests.pop();
        }
        self.dealing = Some(Dealing::Event(live, interests, after));
        1 + sharers.len()
    }

    fn queue_gathered(&mut self, max: usize) -> usize {
        let rest = self.touched.len().saturating_sub(max);
        let touched = self.touched.split_off(rest);
        for key in &touched {
            self.flush(*key);
        }
        if rest > 0 {
            self.dealing = Some(Dealing::Queue);
        } else {
            self.steps_owed = STEPS_BETWEEN_DEALINGS;
            self.wake_waiting_for_advance();
            self.settle_all_progress();
        }
        1 + touched.len()
    }
}
