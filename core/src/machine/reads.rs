//! Where requests go: to this core's shards, to another core, or to a task that asks several.

use std::collections::BTreeMap;

use braid_storage::ids::{CoreId, GroupId, Revision};
use braid_storage::planted::{Bug, planted};
use bytes::Bytes;

use super::Core;
use super::coordinator::MultiRequest;
use super::fetch::Then;
use super::figures::Gathering;
use super::hashing::Hashing;
use super::mail::{Mail, ReplyTo, TaskId};
use super::page::{PageQuery, read_page};
use super::range_merge::RangeTask;
use super::shards::Applied;
use super::txn_reads::TxnRead;
use super::writes::{PendingWrite, WriteRequest};
use crate::api::{Delivery, RangeRequest, Request, Response, ScanId};
use crate::error::Error;
use crate::evaluate::{self, Fetched, Snapshot, Stop, footprint, validate};
use crate::index::RecordId;
use crate::interval::Interval;

/// The reads that this core runs for its front-ends.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) last_task: u64,
    pub(super) ranges: BTreeMap<TaskId, RangeTask>,
    /// Bytes that these have gathered and not answered with yet.
    pub(super) gathered_bytes: usize,
    pub(super) txns: BTreeMap<TaskId, TxnRead>,
    pub(super) figures: BTreeMap<TaskId, Gathering>,
    pub(super) hashes: BTreeMap<TaskId, Hashing>,
    /// What other cores' checksums still want of this core, last record first.
    pub(super) hash_cursors: BTreeMap<(CoreId, TaskId), Vec<(RecordId, GroupId)>>,
    pinned: Option<Revision>,
}

impl Core {
    /// Routes a request of a front-end, or executes one that another core has routed here.
    pub(super) fn handle_request(&mut self, to: ReplyTo, request: Request) {
        if self.lacks_space_for(&request) {
            return self.reply(to, Err(Error::NoSpace));
        }
        match request {
            Request::Range(request) => self.handle_range(to, request),
            Request::RangeNext(scan) => self.handle_range_next(to, scan),
            Request::RangeClose(scan) => self.handle_range_close(to, scan),
            Request::Put(put) => match validate::validate_put(&put) {
                Err(error) => self.reply(to, Err(error)),
                Ok(()) => self.route_write(to, WriteRequest::Put(put)),
            },
            Request::DeleteRange(delete) => match validate::validate_delete(&delete) {
                Err(error) => self.reply(to, Err(error)),
                Ok(()) => self.route_write(to, WriteRequest::DeleteRange(delete)),
            },
            Request::Txn(txn) => match validate::validate_txn(&txn, self.config.max_txn_ops) {
                Err(error) => self.reply(to, Err(error)),
                Ok(()) if footprint::is_read_only(&txn) => self.handle_txn_read(to, txn),
                Ok(()) => self.route_write(to, WriteRequest::Txn(txn)),
            },
            Request::HashKv { revision } => self.handle_hash_kv(to, revision),
            Request::Status => self.handle_status(to),
            control => self.route_control(to, control),
        }
    }

    /// Control requests are core 0's.
    fn route_control(&mut self, to: ReplyTo, request: Request) {
        if self.control.is_some() {
            self.handle_control_request(to, request);
        } else {
            self.forward(CoreId(0), to, request);
        }
    }

    /// Sends a front-end's request to the core that executes it.
    pub(super) fn forward(&mut self, core: CoreId, to: ReplyTo, request: Request) {
        match to {
            ReplyTo::Front(call) => self.mail(core, Mail::Request(call, Box::new(request))),
            ReplyTo::Core(..) | ReplyTo::Expiry(_) => {
                unreachable!("a request travels once: its first core knows the whole map")
            }
        }
    }

    fn route_write(&mut self, to: ReplyTo, request: WriteRequest) {
        let owner = match &request {
            WriteRequest::Put(put) => Some(self.routing.core_of_key(&put.key)),
            _ => self.only_core(&request.intervals()),
        };
        match owner {
            Some(core) if core == self.id => {
                self.queue_write(PendingWrite { to, request, fetched: Fetched::default() });
            }
            Some(core) => self.forward(core, to, request.into()),
            None if self.control.is_some() => {
                self.coordinate(to, MultiRequest::Write(request));
            }
            None => self.forward(CoreId(0), to, request.into()),
        }
    }

    /// The core that owns everything in `intervals`, if it is only one.
    pub(super) fn only_core(&self, intervals: &[Interval]) -> Option<CoreId> {
        let mut owners = self.routing.owning_cores();
        if let (Some(only), None) = (owners.next(), owners.next()) {
            return Some(only);
        }
        let mut cores = intervals.iter().map(|interval| {
            interval.is_single().then(|| self.routing.core_of_key(&interval.start))
        });
        let first = cores.next().unwrap_or(Some(self.id))?;
        cores.all(|core| core == Some(first)).then_some(first)
    }

    fn handle_range(&mut self, to: ReplyTo, request: RangeRequest) {
        let valid = match request.delivery {
            Delivery::Chunks => validate::validate_range_stream(&request),
            Delivery::Whole | Delivery::Sized => validate::validate_range(&request),
        };
        if let Err(error) = valid {
            return self.reply(to, Err(error));
        }
        let interval = Interval::new(request.key.clone(), request.range_end.clone());
        if !interval.is_single() {
            return self.start_range(to, request, interval);
        }
        match self.routing.core_of_key(&request.key) {
            core if core == self.id => self.read_local(to, request, Fetched::default()),
            core => self.forward(core, to, Request::Range(request)),
        }
    }

    /// Answers a read of one key of this core.
    pub(super) fn read_local(&mut self, to: ReplyTo, request: RangeRequest, fetched: Fetched) {
        if !planted(Bug::StaleRead) {
            self.advance();
        }
        let state = self.read_state();
        match evaluate::range(&Applied(&self.shards), &request, Snapshot::Newest, &state, &fetched)
        {
            Ok(response) => self.reply(to, Ok(Response::Range(response))),
            Err(Stop::Error(error)) => self.reply(to, Err(error)),
            Err(Stop::Cold(values)) => self.fetch(values, fetched, Then::Range(to, request)),
        }
    }

    /// What reads are judged by: everything applied here is readable.
    pub(super) fn read_state(&self) -> evaluate::State {
        let (current, compacted) = (self.applied, self.compaction.compacted());
        evaluate::State { current, readable: current, compacted }
    }

    /// Names a new task.
    pub(super) fn new_task(&mut self) -> TaskId {
        self.reads.last_task += 1;
        TaskId(self.reads.last_task)
    }

    /// Answers a question for a page; returns how many keys it has.
    pub(super) fn answer_page(
        &mut self,
        from: CoreId,
        task: TaskId,
        query: PageQuery,
        fetched: Fetched,
    ) -> usize {
        self.advance();
        if query.at < self.shards.trimmed_to() {
            self.mail(from, Mail::PageDone(task, Err(Error::Compacted)));
            return 0;
        }
        match read_page(&self.shards, &query, &fetched, self.config.limits.page) {
            Ok(page) => {
                let keys = page.value_lens.len();
                self.mail(from, Mail::PageDone(task, Ok(page)));
                keys
            }
            Err(cold) => {
                let keys = cold.len();
                self.fetch(cold, fetched, Then::Page(from, task, query));
                keys
            }
        }
    }

    /// Publishes the oldest revision that a running read of this core needs.
    pub(super) fn publish_pins(&mut self) {
        let ranges = self.reads.ranges.values().map(RangeTask::pinned);
        let txns = self.reads.txns.values().map(TxnRead::pinned);
        let hashes = self.reads.hashes.values().map(Hashing::pinned);
        let lowest = ranges.chain(txns).chain(hashes).min();
        if self.reads.pinned != lowest {
            self.reads.pinned = lowest;
            self.sequencer.cells().publish_pinned(self.id, lowest);
        }
    }

    /// Pins history for a read at `wanted` (`None`: the latest) and returns the revision that the
    /// read sees. The pin is published before the watermark is read, so no compaction to a later
    /// revision can miss it.
    pub(super) fn pin(&mut self, wanted: Option<Revision>) -> Revision {
        let floor = wanted.unwrap_or(self.applied).min(self.reads.pinned.unwrap_or(self.applied));
        self.reads.pinned = Some(floor);
        self.sequencer.cells().publish_pinned(self.id, Some(floor));
        self.advance();
        wanted.unwrap_or(self.applied)
    }

    fn handle_range_close(&mut self, to: ReplyTo, scan: ScanId) {
        self.end_range(TaskId(scan.0));
        self.reply(to, Ok(Response::RangeClosed));
    }
}

impl WriteRequest {
    /// The keys that evaluation may read or write.
    pub(super) fn intervals(&self) -> Vec<Interval> {
        match self {
            Self::Put(put) => vec![Interval::single(put.key.clone())],
            Self::DeleteRange(delete) => {
                vec![Interval::new(delete.key.clone(), delete.range_end.clone())]
            }
            Self::Txn(txn) => footprint::keys_and_intervals(txn).into_intervals(),
        }
    }
}

impl From<WriteRequest> for Request {
    fn from(request: WriteRequest) -> Self {
        match request {
            WriteRequest::Put(put) => Self::Put(put),
            WriteRequest::DeleteRange(delete) => Self::DeleteRange(delete),
            WriteRequest::Txn(txn) => Self::Txn(txn),
        }
    }
}

/// The first key after `key`.
pub(super) fn after(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}
