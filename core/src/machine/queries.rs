//! What other cores (and this one's own tasks) ask of this core's keys: answered in the order of
//! arrival, some in each step. Only a round of writes comes first: it holds up all others.

use std::collections::VecDeque;

use braid_storage::ids::CoreId;

use super::Core;
use super::collect::Collecting;
use super::hashing::HashQuery;
use super::mail::{Mail, TaskId};
use super::page::PageQuery;
use crate::evaluate::Fetched;
use crate::watch::HistoryQuery;

/// What an answer costs beside its keys: ways into the trees of all shards.
const QUERY_COST: usize = 16;

/// A question.
pub(super) enum Query {
    Page(TaskId, PageQuery),
    Collect(Box<Collecting>),
    History(HistoryQuery),
    Hash(TaskId, HashQuery),
}

/// The questions that are not answered yet. Each waits for a request that is counted on the core
/// that asks, which waits for the answer before it asks again.
#[derive(Default)]
pub(super) struct Queries {
    waiting: VecDeque<(CoreId, Query)>,
    /// Answers that are told in parts, and wait to be asked for the next one.
    pub(super) parts: Vec<(CoreId, Box<Collecting>)>,
}

impl Queries {
    /// How many are not answered in full.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.parts.len()
    }
}

impl Core {
    pub(super) fn queue_query(&mut self, from: CoreId, query: Query) {
        match query {
            Query::Collect(collecting) if collecting.closes_gate() => {
                self.queries.waiting.push_front((from, Query::Collect(collecting)));
            }
            other => self.queries.waiting.push_back((from, other)),
        }
    }

    /// Answers questions for the time of a step. Returns whether some are left.
    pub(super) fn run_queries(&mut self) -> bool {
        let mut budget = self.config.limits.query_keys_per_step;
        while budget > 0
            && let Some((from, query)) = self.queries.waiting.pop_front()
        {
            budget = budget.saturating_sub(QUERY_COST + self.answer_query(from, query));
        }
        !self.queries.waiting.is_empty()
    }

    /// Returns about how many keys were looked at.
    fn answer_query(&mut self, from: CoreId, query: Query) -> usize {
        match query {
            Query::Page(task, query) => self.answer_page(from, task, query, Fetched::default()),
            Query::Collect(collecting) => self.collect_on(from, collecting),
            Query::History(query) => {
                self.handle_history_query(from, query);
                self.config.limits.page.keys / 2
            }
            Query::Hash(task, query) => {
                self.handle_hash_query(from, task, query);
                self.config.limits.page.keys / 2
            }
        }
    }

    /// Tells the next part of what a round or a transaction needs. Returns how many keys that were.
    fn collect_on(&mut self, to: CoreId, mut collecting: Box<Collecting>) -> usize {
        self.advance();
        let part = collecting.next_part(&self.shards, &self.config.limits);
        let keys = part.pairs.iter().map(|(_, pairs)| pairs.len()).sum();
        let (task, ended) = (collecting.task(), part.end.is_some());
        self.mail(to, Mail::Collected(task, Box::new(part)));
        if !ended {
            self.queries.parts.push((to, collecting));
        }
        keys
    }

    /// The asking core has taken a part and wants the next one, or has given up.
    pub(super) fn handle_collect_on(&mut self, from: CoreId, task: TaskId, wanted: bool) {
        let asked = |(core, part): &(CoreId, Box<Collecting>)| *core == from && part.task() == task;
        let Some(at) = self.queries.parts.iter().position(asked) else { return };
        let (from, collecting) = self.queries.parts.swap_remove(at);
        if wanted {
            self.queue_query(from, Query::Collect(collecting));
        }
    }
}
