//! A view with newer versions laid over it.

use crate::ids::Revision;
use crate::interval::Interval;
use crate::overlay::{InFlight, Overlay};
use crate::version::{Found, View};

/// `base` with the versions of `newer` in place of its own newest ones. Older revisions show
/// `base` alone.
pub struct Overlaid<'a> {
    /// What lies below.
    pub base: &'a dyn View,
    /// What lies above.
    pub newer: &'a Overlay,
}

impl View for Overlaid<'_> {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        match self.newer.get(key) {
            Some(version) => version.found(),
            None => self.base.get(key),
        }
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        let mut newer = self.newer.range(interval).peekable();
        let mut more = true;
        self.base.visit(interval, &mut |key, found| {
            while more && let Some((newer_key, version)) = newer.next_if(|(k, _)| *k < key) {
                more = show(newer_key, version, visitor);
            }
            if more {
                more = match newer.next_if(|(newer_key, _)| *newer_key == key) {
                    Some((_, version)) => show(key, version, visitor),
                    None => visitor(key, found),
                };
            }
            more
        });
        while more && let Some((key, version)) = newer.next() {
            more = show(key, version, visitor);
        }
    }

    fn count(&self, interval: &Interval) -> u64 {
        let mut count = self.base.count(interval);
        for (key, version) in self.newer.range(interval) {
            count += u64::from(version.put.is_some());
            count -= u64::from(self.base.get(key).is_some());
        }
        count
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        self.base.visit_at(interval, at, visitor);
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        self.base.count_at(interval, at)
    }
}

fn show(key: &[u8], version: &InFlight, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) -> bool {
    version.found().is_none_or(|found| visitor(key, found))
}
