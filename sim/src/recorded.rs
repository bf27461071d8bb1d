//! A member whose clients write down what they ask and hear, as the clients of a real server do:
//! the judge reads both.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{Request, WatchCreate, WatchRequest};
use braid_core::ids::CoreId;
use braid_core::port::{CallId, Incoming, StreamId};
use braid_judge::record::Recorder;
use braid_judge::wire::{Clock, Head, Line, VERSION};
use bytes::Bytes;

use crate::disk::{Crash, Disk};
use crate::member::{Member, Told};

/// How late leases may end, in milliseconds: the lessor's interval and slow disks.
const LEASE_LATE_MS: u64 = 10_000;

/// The record of all lives on one disk.
#[derive(Debug)]
pub struct Record {
    recorder: Recorder,
    /// When the present life began.
    began: Duration,
    /// The last number of a call or watcher.
    last: u64,
    /// The highest revision that any client was shown.
    seen: u64,
    /// The highest revision that an observer was told of.
    observed: u64,
}

impl Record {
    /// An empty record of a member with this bound for the operations of a transaction.
    #[must_use]
    pub fn new(max_txn_ops: usize) -> Self {
        let head =
            Head { version: VERSION, clock: Clock::One, max_txn_ops, lease_late_ms: LEASE_LATE_MS };
        Self { recorder: Recorder::new(head), began: Duration::ZERO, last: 0, seen: 1, observed: 1 }
    }

    /// All that was written down.
    #[must_use]
    pub fn finish(self) -> Vec<Line> {
        self.recorder.finish()
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// A member and the record of its clients.
pub struct Recorded {
    member: Member,
    record: Record,
    calls: BTreeMap<CallId, u64>,
    /// Whose each stream is, and the one watcher on it.
    watchers: BTreeMap<StreamId, (u64, u64)>,
    observer: StreamId,
}

/// The client that hears of everything.
const OBSERVER: u64 = 1000;

impl Recorded {
    /// Goes on with a record, on a member that has just started. An observer hears of everything
    /// that was not known: without it, what was never answered could be searched for long.
    #[must_use]
    pub fn new(member: Member, mut record: Record) -> Self {
        let began = record.began.as_nanos() as u64;
        record.recorder.restart(began);
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: record.observed as i64 + 1,
            ..WatchCreate::default()
        };
        let (calls, watchers, observer) = (BTreeMap::new(), BTreeMap::new(), StreamId(0));
        let mut recorded = Self { member, record, calls, watchers, observer };
        recorded.observer = recorded.watch(OBSERVER, CoreId(0), create);
        recorded
    }

    /// How many cores there are.
    #[must_use]
    pub fn cores(&self) -> u16 {
        self.member.cores()
    }

    /// The highest revision that any client was shown.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.record.seen
    }

    /// The revision up to which the observer was told everything.
    #[must_use]
    pub fn observed(&self) -> i64 {
        self.record.observed as i64
    }

    /// How many calls are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.calls.len()
    }

    /// `client` sends a request.
    pub fn call(&mut self, client: u64, core: CoreId, request: Request) {
        let (number, now) = (self.record.number(), self.now());
        self.record.recorder.call(client, number, now, &request);
        let call = self.member.call(core, request);
        self.calls.insert(call, number);
    }

    /// `client` opens a watcher, on a stream of its own.
    pub fn watch(&mut self, client: u64, core: CoreId, create: WatchCreate) -> StreamId {
        let (number, now) = (self.record.number(), self.now());
        self.record.recorder.watch(client, number, now, &create);
        let stream = self.member.open_watch(core);
        self.watchers.insert(stream, (client, number));
        self.member.watch(core, stream, WatchRequest::Create(create));
        stream
    }

    /// Lets the next thing happen, if that is before `until`, a time since the start of this
    /// life; whether it did.
    pub fn advance(&mut self, until: Duration) -> bool {
        let advanced = self.member.advance_before(until);
        while let Some(told) = self.member.poll_told() {
            self.note(told);
        }
        advanced
    }

    /// The time since the start of this life.
    #[must_use]
    pub fn life(&self) -> Duration {
        self.member.now()
    }

    /// Ends the member as a crash does; its disk and the record so far.
    #[must_use]
    pub fn crash(mut self, crash: Crash) -> (Disk, Record) {
        self.record.began += self.member.now();
        (self.member.crash(crash), self.record)
    }

    /// The member has told all: the record, with watchers that have waited for everything.
    #[must_use]
    pub fn finish(mut self) -> Vec<Line> {
        let now = self.now();
        for (client, number) in self.watchers.values() {
            self.record.recorder.unwatch(*client, *number, now, self.record.seen);
        }
        self.record.finish()
    }

    fn now(&self) -> u64 {
        (self.record.began + self.member.now()).as_nanos() as u64
    }

    fn note(&mut self, told: Told) {
        let now = self.now();
        match told {
            Told::Answer(_, call, answer) => {
                let Some(number) = self.calls.remove(&call) else { return };
                let shown = answer.as_ref().map_or(0, braid_judge::order::revision);
                self.record.seen = self.record.seen.max(shown);
                self.record.recorder.answered(number, now, &answer);
            }
            Told::Watch(core, stream, response) => {
                let Some((client, number)) = self.watchers.get(&stream) else { return };
                self.record.recorder.told(*client, *number, now, &response);
                let events = response.events.iter().map(|event| event.kv.mod_revision.0);
                let told = events.max().unwrap_or(0);
                self.record.seen = self.record.seen.max(told);
                if stream == self.observer {
                    self.record.observed = self.record.observed.max(told);
                }
                self.member.submit(core, Incoming::WatchTaken(stream));
            }
            Told::EndStream(_, stream, _) => {
                let Some((client, number)) = self.watchers.remove(&stream) else { return };
                self.record.recorder.unwatch(client, number, now, 0);
            }
        }
    }
}
