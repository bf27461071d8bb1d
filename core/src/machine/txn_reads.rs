//! Transactions that only read: evaluated at one snapshot, without closing any gate.

use std::collections::BTreeSet;

use braid_storage::ids::{CoreId, Revision};

use super::Core;
use super::collect::{Collected, CollectedView, Need};
use super::fetch::Then;
use super::mail::{Collect, Mail, ReplyTo};
use super::shards::Applied;
use crate::api::{Response, TxnRequest};
use crate::evaluate::{self, Fetched, Plan, State, Stop, footprint};
use crate::version::View;

/// A read-only transaction that waits for other cores.
pub(super) struct TxnRead {
    pub(super) to: ReplyTo,
    request: TxnRequest,
    state: State,
    needs: Vec<Need>,
    missing: usize,
    view: CollectedView,
}

impl TxnRead {
    /// The oldest revision that it needs.
    pub(super) fn pinned(&self) -> Revision {
        self.needs.iter().filter_map(|need| need.at).min().unwrap_or(self.state.current)
    }
}

impl Core {
    pub(super) fn handle_txn_read(&mut self, to: ReplyTo, request: TxnRequest) {
        let intervals = footprint::keys_and_intervals(&request).into_intervals();
        match self.only_core(&intervals) {
            Some(core) if core == self.id => self.txn_read_local(to, request),
            Some(core) if matches!(to, ReplyTo::Front(_)) => {
                self.forward(core, to, crate::api::Request::Txn(request));
            }
            _ => self.collect_txn_read(to, request),
        }
    }

    fn txn_read_local(&mut self, to: ReplyTo, request: TxnRequest) {
        self.advance();
        let read = TxnRead {
            to,
            request,
            state: self.read_state(),
            needs: Vec::new(),
            missing: 0,
            view: CollectedView::default(),
        };
        self.finish_txn_read(read, Fetched::default());
    }

    fn collect_txn_read(&mut self, to: ReplyTo, request: TxnRequest) {
        let at = self.pin(None);
        let state = self.read_state();
        let mut needs: Vec<Need> = footprint::keys_and_intervals(&request)
            .into_intervals()
            .into_iter()
            .map(|interval| Need { interval, at: Some(at) })
            .collect();
        needs.extend(historical_needs(&request, &state));
        let cores: BTreeSet<CoreId> = self.routing.owning_cores().collect();
        let task = self.new_task();
        let view = CollectedView::at(at);
        let missing = cores.len();
        let read = TxnRead { to, request, state, needs: needs.clone(), missing, view };
        self.reads.txns.insert(task, read);
        self.publish_pins();
        for core in cores {
            let (needs, leases) = (needs.clone(), Vec::new());
            self.mail(core, Mail::Collect(Collect { task, close_gate: false, needs, leases }));
        }
    }

    /// One core's answer to a read-only transaction.
    pub(super) fn take_txn_read(&mut self, task: super::mail::TaskId, collected: Collected) {
        let Some(read) = self.reads.txns.get_mut(&task) else { return };
        read.view.add(&read.needs, collected);
        read.missing -= 1;
        if read.missing == 0
            && let Some(read) = self.reads.txns.remove(&task)
        {
            self.publish_pins();
            self.finish_txn_read(read, Fetched::default());
        }
    }

    pub(super) fn finish_txn_read(&mut self, mut read: TxnRead, fetched: Fetched) {
        let local = read.needs.is_empty();
        if local {
            // The keys may have changed while values were read: judge by the state of now.
            read.state = self.read_state();
        }
        let applied = Applied(&self.shards);
        let view: &dyn View = if local { &applied } else { &read.view };
        match read_txn(view, &read.request, &read.state, &fetched) {
            Ok(response) => self.reply(read.to, Ok(response)),
            Err(Stop::Error(error)) => self.reply(read.to, Err(error)),
            Err(Stop::Cold(values)) => self.fetch(values, fetched, Then::TxnRead(read)),
        }
    }
}

fn read_txn(
    view: &dyn View,
    request: &TxnRequest,
    state: &State,
    fetched: &Fetched,
) -> Result<Response, Stop> {
    // Reading attaches nothing to any lease.
    match evaluate::txn::plan(view, request, state, &|_| false, fetched)? {
        Plan::Answer(response) => Ok(Response::Txn(response)),
        Plan::Write(_) => unreachable!("a transaction of reads changes nothing"),
    }
}

/// The keys that ranges with a revision of their own read. Revisions that evaluation will refuse
/// are left out.
pub(super) fn historical_needs(request: &TxnRequest, state: &State) -> Vec<Need> {
    let readable = |at: &Revision| *at <= state.current && at.0 as i64 >= state.compacted;
    footprint::historical(request)
        .into_iter()
        .filter(|(_, at)| readable(at))
        .map(|(interval, at)| Need { interval, at: Some(at) })
        .collect()
}

impl Core {
    /// Answers which keys live here, for an evaluation elsewhere.
    pub(super) fn collect_now(&mut self, from: CoreId, collect: &Collect) {
        self.advance();
        let collected = super::collect::collect(&self.shards, collect);
        self.mail(from, Mail::Collected(collect.task, Box::new(collected)));
    }
}
