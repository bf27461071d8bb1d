//! Transactions that only read: evaluated at one snapshot, without closing any gate.

use std::collections::BTreeSet;

use braid_storage::ids::{CoreId, Revision};

use super::Core;
use super::collect::{Collected, End, Need};
use super::collected_view::CollectedView;
use super::fetch::Then;
use super::mail::{Collect, Mail, ReplyTo, TaskId};
use super::shards::Applied;
use crate::api::{Response, TxnRequest};
use crate::error::Error;
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
    /// Bytes of the view that the core has counted.
    counted_bytes: usize,
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
            counted_bytes: 0,
        };
        self.finish_txn_read(read, Fetched::default());
    }

    fn collect_txn_read(&mut self, to: ReplyTo, request: TxnRequest) {
        let at = self.pin(None);
        let state = self.read_state();
        let mut needs: Vec<Need> = footprint::keys_and_intervals(&request)
            .into_intervals()
            .into_iter()
            .map(|interval| Need { interval, at: Some(at), values: true })
            .collect();
        needs.extend(historical_needs(&request, &state));
        let cores: BTreeSet<CoreId> = self.routing.owning_cores().collect();
        let task = self.new_task();
        let view = CollectedView::at(at);
        let missing = cores.len();
        let read =
            TxnRead { to, request, state, needs: needs.clone(), missing, view, counted_bytes: 0 };
        self.reads.txns.insert(task, read);
        self.publish_pins();
        for core in cores {
            let (needs, leases) = (needs.clone(), Vec::new());
            self.mail(core, Mail::Collect(Collect { task, close_gate: false, needs, leases }));
        }
    }

    /// A part of one core's answer to a read-only transaction. Returns whether the next one is
    /// wanted.
    pub(super) fn take_txn_read(&mut self, task: TaskId, collected: Collected) -> bool {
        let Some(read) = self.reads.txns.get_mut(&task) else { return false };
        let (bytes, end) = (collected.bytes, collected.end);
        read.view.add(&read.needs, collected);
        read.counted_bytes += bytes;
        read.missing -= usize::from(end.is_some());
        let complete = read.missing == 0;
        self.reads.gathered_bytes += bytes;
        if end == Some(End::TooLarge) {
            self.fail_txn_read(task, Error::RequestTooLarge);
        } else if self.reads.gathered_bytes > self.config.gathered_bytes {
            self.fail_txn_read(task, Error::TooManyRequests);
        } else if complete && let Some(read) = self.end_txn_read(task) {
            self.finish_txn_read(read, Fetched::default());
        }
        self.reads.txns.contains_key(&task)
    }

    fn fail_txn_read(&mut self, task: TaskId, error: Error) {
        if let Some(read) = self.end_txn_read(task) {
            self.reply(read.to, Err(error));
        }
    }

    /// Nothing more is read for it.
    fn end_txn_read(&mut self, task: TaskId) -> Option<TxnRead> {
        let read = self.reads.txns.remove(&task)?;
        self.reads.gathered_bytes -= read.counted_bytes;
        self.publish_pins();
        Some(read)
    }

    pub(super) fn finish_txn_read(&mut self, mut read: TxnRead, fetched: Fetched) {
        let local = read.needs.is_empty();
        if local {
            // The keys may have changed while values were read: judge by the state of now.
            read.state = self.read_state();
        } else if read.view.trimmed_to() > read.state.current {
            // A compaction that another core heard of first has passed the whole snapshot.
            return self.handle_txn_read(read.to, read.request);
        }
        read.state.compact(read.view.trimmed_to());
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
        .map(|(interval, at)| Need { interval, at: Some(at), values: true })
        .collect()
}
