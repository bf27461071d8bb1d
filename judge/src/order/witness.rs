//! What watchers say of a revision whose author is not known.
//!
//! Who hears everything tells who did it: an author fits best if every watcher was told exactly
//! what it has changed, as far as the watcher has asked for it.

use std::collections::BTreeMap;

use crate::history::{History, Watcher};
use crate::model::Event;
use crate::watch::{first_revision, is_progress, is_wanted};

/// All watchers.
#[derive(Debug, Default)]
pub struct Witnesses<'a> {
    all: Vec<Witness<'a>>,
}

/// One watcher.
#[derive(Debug)]
struct Witness<'a> {
    watcher: &'a Watcher,
    /// The revisions of which it was told what there was to tell.
    from: u64,
    to: u64,
    told: BTreeMap<u64, Vec<Event>>,
}

impl<'a> Witnesses<'a> {
    /// Of a history.
    pub fn of(history: &'a History) -> Self {
        Self { all: history.watchers.iter().filter_map(Witness::of).collect() }
    }

    /// Whether all were told just these changes at `revision`.
    pub fn agree(&self, revision: u64, changes: &[Event]) -> bool {
        let there = self.all.iter().filter(|w| (w.from..=w.to).contains(&revision));
        there.into_iter().all(|witness| witness.agrees(revision, changes))
    }
}

impl<'a> Witness<'a> {
    fn of(watcher: &'a Watcher) -> Option<Self> {
        let from = first_revision(watcher)?;
        let mut told: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
        let mut to = 0;
        for response in watcher.told.iter().map(|told| &told.response) {
            if is_progress(response) {
                to = to.max(response.revision.0);
            }
            for event in response.events.iter() {
                let revision = event.kv.mod_revision.0;
                to = to.max(revision);
                told.entry(revision).or_default().push(Event::from(event));
            }
        }
        Some(Self { watcher, from, to, told })
    }

    fn agrees(&self, revision: u64, changes: &[Event]) -> bool {
        let wanted = |event: &&Event| is_wanted(self.watcher, &event.key, event.put.is_none());
        let told = self.told.get(&revision).map_or(&[][..], Vec::as_slice);
        changes.iter().filter(wanted).eq(told)
    }
}
