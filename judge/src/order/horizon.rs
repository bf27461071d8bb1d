//! How far a revision can reach that belongs before a given line.

use std::collections::HashMap;

use crate::history::History;
use crate::order::{changes, may_be_stale, revision};

/// For every line, what the calls behind it show.
#[derive(Clone, Debug, Default)]
pub struct Horizon {
    /// By domain: lines of calls in order, and the lowest bound that it or a later one sets.
    bounds: HashMap<u64, Vec<(u64, u64)>>,
}

impl Horizon {
    /// Of all answered calls whose place is given.
    pub fn of(history: &History) -> Self {
        let mut bounds: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
        for operation in history.operations.iter().rev() {
            let Some(response) = operation.response() else { continue };
            let shown = revision(response);
            if shown == 0 || may_be_stale(history, operation) {
                continue;
            }
            let bound = if changes(response) { shown - 1 } else { shown };
            let of_domain = bounds.entry(history.domain(operation.client)).or_default();
            let later = of_domain.last().map_or(u64::MAX, |(_, bound)| *bound);
            of_domain.push((operation.called.line, bound.min(later)));
        }
        bounds.values_mut().for_each(|of_domain| of_domain.reverse());
        Self { bounds }
    }

    /// The highest revision that a call can have seen or made which ended at `line`.
    pub fn at(&self, domain: u64, line: u64) -> u64 {
        let Some(bounds) = self.bounds.get(&domain) else { return u64::MAX };
        let next = bounds.partition_point(|(called, _)| *called < line);
        bounds.get(next).map_or(u64::MAX, |(_, bound)| *bound)
    }
}
