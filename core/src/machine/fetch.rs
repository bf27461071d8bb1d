//! Values that must be read from disk before something can go on.

use std::collections::{HashMap, VecDeque};

use braid_storage::ids::CoreId;
use braid_storage::planted::{Bug, planted};
use bytes::Bytes;

use super::coordinator::MultiWrite;
use super::hashing::HashPart;
use super::history::HistoryPart;
use super::io::{Output, ReadId};
use super::mail::{Mail, ReplyTo, TaskId};
use super::page::PageQuery;
use super::writes::PendingWrite;
use super::{Core, txn_reads::TxnRead};
use crate::api::RangeRequest;
use crate::error::Error;
use crate::evaluate::Fetched;
use crate::version::ColdValue;
use crate::watch::HistoryQuery;

/// What goes on once its values are here.
pub(super) enum Then {
    Write(PendingWrite),
    Range(ReplyTo, RangeRequest),
    Page(CoreId, TaskId, PageQuery),
    History(CoreId, HistoryQuery),
    TxnRead(TxnRead),
    Coordinate(MultiWrite),
    Hash(CoreId, TaskId),
}

struct Fetch {
    remaining: usize,
    values: Fetched,
    failed: bool,
    then: Then,
}

/// All fetches of a core. Each belongs to a request, so their number is bounded by the requests in
/// flight; reads under way are bounded by [`Limits::cold_reads`](crate::limits::Limits).
#[derive(Default)]
pub(super) struct Fetches {
    last_id: u64,
    fetches: HashMap<u64, Fetch>,
    waiting: VecDeque<(u64, ColdValue)>,
    reading: HashMap<ReadId, (u64, ColdValue)>,
}

impl Fetches {
    /// How many fetches there are, and how many reads of the disk.
    pub(super) fn under_way(&self) -> (usize, usize) {
        (self.fetches.len(), self.reading.len())
    }
}

impl Core {
    /// Reads `values`, then goes on with `then`. `have` are values fetched for it before.
    pub(super) fn fetch(&mut self, values: Vec<ColdValue>, have: Fetched, then: Then) {
        assert!(!values.is_empty(), "a fetch of nothing would never go on");
        self.fetches.last_id += 1;
        let id = self.fetches.last_id;
        let fetch = Fetch { remaining: values.len(), values: have, failed: false, then };
        self.fetches.fetches.insert(id, fetch);
        self.fetches.waiting.extend(values.into_iter().map(|value| (id, value)));
        self.start_reads();
    }

    pub(super) fn fetch_for_write(&mut self, mut write: PendingWrite, values: Vec<ColdValue>) {
        let have = std::mem::take(&mut write.fetched);
        self.fetch(values, have, Then::Write(write));
    }

    fn start_reads(&mut self) {
        while self.fetches.reading.len() < self.config.limits.cold_reads {
            let Some((fetch, value)) = self.fetches.waiting.pop_front() else { return };
            self.fetches.last_id += 1;
            let read = ReadId(self.fetches.last_id);
            self.fetches.reading.insert(read, (fetch, value));
            self.out.push_back(Output::Read(read, value));
        }
    }

    pub(super) fn handle_value(&mut self, read: ReadId, bytes: Option<Bytes>) {
        let Some((id, value)) = self.fetches.reading.remove(&read) else { return };
        self.start_reads();
        let Some(fetch) = self.fetches.fetches.get_mut(&id) else { return };
        let sound = |b: &Bytes| crc32c::crc32c(b) == value.crc || planted(Bug::TrustDisk);
        match bytes.filter(sound) {
            Some(bytes) => {
                fetch.values.insert(value.location, bytes);
            }
            None => fetch.failed = true,
        }
        fetch.remaining -= 1;
        if fetch.remaining == 0
            && let Some(fetch) = self.fetches.fetches.remove(&id)
        {
            self.go_on(fetch);
        }
    }

    fn go_on(&mut self, fetch: Fetch) {
        let Fetch { values, failed, then, .. } = fetch;
        let error = failed.then_some(Error::CorruptValue);
        match (then, error) {
            (Then::Write(write), None) => {
                self.queue_write(PendingWrite { fetched: values, ..write });
            }
            (Then::Write(write), Some(error)) => self.reply(write.to, Err(error)),
            (Then::Range(to, request), None) => self.read_local(to, request, values),
            (Then::Range(to, _), Some(error)) => self.reply(to, Err(error)),
            (Then::Page(from, task, query), None) => {
                self.answer_page(from, task, query, values);
            }
            (Then::Page(from, task, _), Some(error)) => {
                self.mail(from, Mail::PageDone(task, Err(error)));
            }
            (Then::History(from, query), None) => self.answer_history(from, query, values),
            (Then::History(from, query), Some(error)) => {
                self.mail(from, Mail::HistoryDone(query.id, HistoryPart::Failed(error)));
            }
            (Then::TxnRead(read), None) => self.finish_txn_read(read, values),
            (Then::TxnRead(read), Some(error)) => self.reply(read.to, Err(error)),
            (Then::Hash(from, task), None) => self.answer_hash_page(from, task, values),
            (Then::Hash(from, task), Some(error)) => {
                self.mail(from, Mail::HashDone(task, HashPart::Failed(error)));
            }
            (Then::Coordinate(write), None) => self.coordinate_again(write, values),
            (Then::Coordinate(write), Some(error)) => self.reply(write.to, Err(error)),
        }
    }
}
