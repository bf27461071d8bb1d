//! A view that only shows what a transaction's footprint announces.

use braid_core::evaluate::footprint::Footprint;
use braid_core::ids::Revision;
use braid_core::interval::Interval;
use braid_core::version::{Found, View};

/// Panics when anything outside of the footprint is looked at.
pub struct Fence<'a> {
    /// What is behind it.
    pub view: &'a dyn View,
    /// What may be looked at.
    pub footprint: Footprint,
}

impl Fence<'_> {
    fn pass<'i>(&self, interval: &'i Interval) -> &'i Interval {
        let announced = if interval.is_single() {
            let key = &interval.start;
            let covered = self.footprint.intervals.iter().any(|interval| interval.contains(key));
            covered || self.footprint.keys.contains(key)
        } else {
            interval.is_empty() || self.footprint.intervals.contains(interval)
        };
        assert!(announced, "{interval:?} is not in {:?}", self.footprint);
        interval
    }
}

impl View for Fence<'_> {
    fn get(&self, key: &[u8]) -> Option<Found<'_>> {
        self.pass(&Interval::single(key.to_vec().into()));
        self.view.get(key)
    }

    fn visit(&self, interval: &Interval, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        self.view.visit(self.pass(interval), visitor);
    }

    fn count(&self, interval: &Interval) -> u64 {
        self.view.count(self.pass(interval))
    }

    fn visit_at(
        &self,
        interval: &Interval,
        at: Revision,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        self.view.visit_at(self.pass(interval), at, visitor);
    }

    fn count_at(&self, interval: &Interval, at: Revision) -> u64 {
        self.view.count_at(self.pass(interval), at)
    }
}
