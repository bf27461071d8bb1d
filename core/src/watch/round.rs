//! Live events that are dealt out together, sorted by who wants them.

use std::collections::BTreeMap;
use std::rc::Rc;

use braid_storage::ids::Revision;

use super::chunk::Shaped;
use super::interest::Sharer;
use super::messages::{InterestId, LiveEvent};
use super::watcher::{Options, Watcher};

/// Events of a round, each counted once for every interest that wants it: this many end it.
const PLACES: usize = 1 << 14;

/// Some whole revisions on their way to everybody who waits for them.
#[derive(Default)]
pub(super) struct Round {
    /// In the order of history.
    pub(super) events: Vec<LiveEvent>,
    bytes: usize,
    places: usize,
    /// What is still to be dealt.
    shares: BTreeMap<InterestId, Share>,
}

/// What the watchers of one interest are told of a round.
#[derive(Default)]
pub(super) struct Share {
    /// Places of its events in the round; never empty.
    places: Vec<u32>,
    /// The last watcher that has been dealt with.
    pub(super) after: Option<Sharer>,
    /// What watchers with these options are told, if they want everything from the first event on.
    shaped: Vec<(Options, Rc<Shaped>)>,
}

impl Round {
    /// Adds an event and the interests that want it.
    pub(super) fn push(&mut self, live: LiveEvent, interests: Vec<InterestId>) {
        self.bytes += live.size();
        self.places += interests.len();
        for interest in interests {
            let share = self.shares.entry(interest).or_default();
            share.places.push(self.events.len() as u32);
        }
        self.events.push(live);
    }

    /// Whether an event of `next` belongs to the next round. A revision is never divided.
    pub(super) fn ends_before(&self, next: Revision, limit_bytes: usize) -> bool {
        let begins_revision = self.events.last().is_some_and(|last| last.revision != next);
        begins_revision && (self.bytes >= limit_bytes || self.places >= PLACES)
    }

    /// The next interest to deal to, and its share.
    pub(super) fn next_share(&mut self) -> Option<(InterestId, Share)> {
        self.shares.pop_first()
    }

    /// Keeps what is left of a share for the next time.
    pub(super) fn put_back(&mut self, interest: InterestId, share: Share) {
        self.shares.insert(interest, share);
    }
}

impl Share {
    /// How many events it has.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// What `watcher` is told of its share of `events`.
    pub(super) fn shaped_for(
        &mut self,
        watcher: &Watcher,
        events: &[LiveEvent],
        limit_bytes: usize,
    ) -> Rc<Shaped> {
        let options = watcher.options;
        let own = self.places.iter().map(|place| &events[*place as usize]);
        if own.clone().next().is_some_and(|first| first.revision < watcher.next) {
            let own = own.filter(|live| live.revision >= watcher.next);
            return Rc::new(Shaped::live(own, options, limit_bytes));
        }
        let known = self.shaped.iter().find(|(known, _)| known.are_told_as(options));
        if let Some((_, shaped)) = known {
            return Rc::clone(shaped);
        }
        let shaped = Rc::new(Shaped::live(own, options, limit_bytes));
        self.shaped.push((options, Rc::clone(&shaped)));
        shaped
    }
}
