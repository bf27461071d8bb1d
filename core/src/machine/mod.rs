//! A core: its shards, its log, and its part in everything that spans cores, as one state machine.
//!
//! The driver feeds it [`Input`]s with [`Core::handle`], lets it work with [`Core::step`], and
//! carries out the [`Output`]s. Nothing here waits, reads a clock or touches a file. The methods
//! are spread over the files of this folder by what they are about.

pub mod collect;
pub mod collected_view;
mod commits;
mod compaction;
mod control;
mod coordinator;
mod encoded_len;
mod events;
mod fetch;
pub mod figures;
pub mod hashing;
pub mod history;
mod io;
mod lease_requests;
mod leases;
mod local_delete;
pub mod mail;
pub mod page;
mod participant;
mod planned;
mod queries;
mod range_merge;
mod range_source;
mod range_task;
mod reads;
mod round;
mod setup;
pub mod shards;
mod spanning_delete;
mod startup;
mod txn_reads;
mod updates;
mod waiters;
mod waits;
mod watches;
mod writes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use braid_storage::ids::{CoreId, Epoch, Revision};
use braid_storage::log::Log;
use braid_storage::payload::Encoder;
use braid_storage::planted::{Bug, planted};

use crate::api::Response;
use crate::error::Error;
use crate::port::Incoming;
use crate::routing::Routing;
use crate::sequencer::Sequencer;
use crate::stages::{Stage, StageTimes, Stopwatch};
use crate::watch::WatchHub;

use control::Control;
use fetch::Fetches;
use leases::KnownLeases;
use mail::{Mail, ReplyTo};
use participant::Gate;
use queries::{Queries, Query};
use reads::Reads;
use shards::Shards;
use waiters::Waiters;
use writes::Writes;

pub use io::{Input, Output, ReadId};
pub use setup::{CoreConfig, CoreState};
pub use startup::Base;

/// One core of a member.
pub struct Core {
    id: CoreId,
    config: CoreConfig,
    routing: Routing,
    now: Duration,
    sequencer: Sequencer,
    shards: Shards,
    log: Log,
    encoder: Encoder,
    /// The reign that this core takes part in; 0 before it serves.
    epoch: Epoch,
    /// The watermark up to which everything here is applied.
    applied: Revision,
    /// The watermark before the mailboxes were emptied last: events up to it are all here.
    observed: Revision,
    /// The watermark before the mailboxes are being emptied.
    observing: Revision,
    writes: Writes,
    waiters: Waiters,
    fetches: Fetches,
    reads: Reads,
    gate: Gate,
    queries: Queries,
    leases: KnownLeases,
    compaction: compaction::Compaction,
    updates: updates::Updates,
    startup: startup::Startup,
    /// On core 0: the control group and what it decides.
    control: Option<Control>,
    hub: WatchHub,
    watches: watches::Watches,
    events: events::Events,
    /// Mails of this core to itself.
    own_mail: VecDeque<Mail>,
    out: VecDeque<Output>,
    /// Bytes of the segments on disk that this core accounts for.
    disk_bytes: u64,
    times: Arc<StageTimes>,
    stopwatch: Stopwatch,
}

impl Core {
    /// Looks at the watermark. The driver calls this before it empties the core's mailboxes: a
    /// core sends its events before it lets the watermark pass them, so at the next
    /// [`Self::step`] all events up to what was seen here have arrived.
    pub fn observe(&mut self) {
        self.observing = self.sequencer.watermark();
    }

    /// Takes an input in. Call [`Self::step`] after one or more of these.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.pass_time(now);
        match input {
            Input::Front(incoming) => self.handle_front(incoming),
            Input::Mail(from, mail) => self.handle_mail(from, mail),
            Input::Written(number) => self.handle_written(number),
            Input::SegmentReady(segment) => self.log.segment_ready(segment),
            Input::Publish => self.handle_publish(),
            Input::ValueRead(read, value) => self.handle_value(read, value),
        }
    }

    /// Works on what was taken in, for at most about half a millisecond. Returns whether there is
    /// more to do at once.
    pub fn step(&mut self, now: Duration) -> bool {
        self.pass_time(now);
        self.drain_own_mail();
        self.observed = self.observing;
        self.stopwatch.enter(Stage::Apply);
        self.advance();
        self.expire_leases();
        self.hub.handle_tick(self.now);
        self.stopwatch.enter(Stage::Evaluate);
        let mut more = self.run_writes();
        more |= self.run_coordinator();
        more |= self.run_queries();
        more |= self.run_compaction();
        // What these mails set off was not worked on yet.
        more |= self.drain_own_mail();
        more |= self.run_hub();
        // The last thing: whatever waits is known only now, and nobody else wakes this core.
        more |= self.publish_waiting();
        self.poll_segments();
        more || !self.own_mail.is_empty() || self.hub_is_behind()
    }

    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Self::step`] wants to be called next even if nothing happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        // Leases have time only during a reign.
        let control = self.control.as_ref().filter(|_| self.epoch.0 > 0);
        let control = control.and_then(Control::deadline);
        let compaction = self.compaction.deadline(self.now);
        let deadlines =
            [control, self.hub.next_deadline(), self.writes.note_deadline(), compaction];
        deadlines.into_iter().flatten().min()
    }

    fn handle_front(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Call(call, request) => self.handle_request(ReplyTo::Front(call), request),
            Incoming::WatchOpen(stream) => self.hub.handle_open(stream),
            Incoming::Watch(stream, request) => self.handle_watch(stream, request),
            Incoming::WatchTaken(stream) => self.hub.handle_taken(stream),
            Incoming::WatchClose(stream) => self.hub.handle_close(stream),
        }
    }

    fn handle_mail(&mut self, from: CoreId, mail: Mail) {
        match mail {
            Mail::Request(call, request) => {
                self.handle_request(ReplyTo::Core(from, call), *request);
            }
            Mail::Answer(call, answer) => self.out.push_back(Output::Answer(call, answer)),
            Mail::Page(task, query) => self.queue_query(from, Query::Page(task, *query)),
            Mail::PageDone(task, page) => self.handle_page(from, task, page),
            Mail::Collect(collect) => self.handle_collect(from, collect),
            Mail::Collected(task, collected) => self.handle_collected(from, task, *collected),
            Mail::CollectOn(task, wanted) => self.handle_collect_on(from, task, wanted),
            Mail::Parts(parts) => self.handle_parts(parts),
            Mail::Covered(round) => self.handle_covered(round),
            Mail::Update(id, update) => self.handle_update(from, id, update),
            Mail::Updated(id) => self.handle_updated(id),
            Mail::Compacted(id) => self.handle_compacted(id),
            Mail::Figures(task) => self.handle_figures_query(from, task),
            Mail::FiguresDone(task, figures) => self.handle_figures(task, figures),
            Mail::Hash(task, query) => self.queue_query(from, Query::Hash(task, query)),
            Mail::HashDone(task, part) => self.handle_hash(from, task, part),
            Mail::Events(events, bytes) => self.handle_events(from, events, bytes),
            Mail::EventsLost(revision) => self.hub.handle_lost(revision),
            Mail::EventsTaken(bytes) => self.events.taken(from, bytes),
            Mail::Register(interest, interval) => self.handle_register(from, interest, interval),
            Mail::Registered(interest, from_revision) => {
                self.handle_registered(interest, from_revision);
            }
            Mail::Unregister(interest) => self.events.unregister(from, interest),
            Mail::History(query) => self.queue_query(from, Query::History(*query)),
            Mail::HistoryDone(query, part) => self.handle_history(query, part),
            Mail::Lead => self.handle_lead(),
            Mail::Leading(terms) => self.handle_leading(terms),
            Mail::Begin(epoch, term) => self.handle_begin(epoch, term),
            Mail::Begun => self.handle_begun(),
        }
    }

    /// Sends to another core, or to this one.
    fn mail(&mut self, to: CoreId, mail: Mail) {
        if to == self.id {
            self.own_mail.push_back(mail);
        } else {
            self.out.push_back(Output::Mail(to, mail));
        }
    }

    /// Returns whether there was any. What these mails set off waits, or one task could go on for
    /// ever.
    fn drain_own_mail(&mut self) -> bool {
        let count = self.own_mail.len();
        for _ in 0..count {
            if let Some(mail) = self.own_mail.pop_front() {
                self.handle_mail(self.id, mail);
            }
        }
        count > 0
    }

    /// Answers whoever asked.
    fn reply(&mut self, to: ReplyTo, answer: Result<Response, Error>) {
        match to {
            ReplyTo::Front(call) => self.out.push_back(Output::Answer(call, answer)),
            ReplyTo::Core(core, call) => self.mail(core, Mail::Answer(call, answer)),
            ReplyTo::Expiry(lease) => self.handle_expiry_answer(lease, answer),
        }
    }

    /// Computes the watermark, and does everything that waits for it: applies, answers, delivers
    /// events.
    fn advance(&mut self) {
        let watermark = self.sequencer.watermark();
        if watermark > self.applied {
            self.apply(watermark);
            self.wake_waiting_cores(watermark);
        }
        self.advance_hub();
        for (to, answer) in self.waiters.release(watermark) {
            self.reply(to, answer);
        }
    }

    fn apply(&mut self, watermark: Revision) {
        self.applied = watermark;
        let upto = if planted(Bug::ApplyBesideWatermark) { Revision(u64::MAX) } else { watermark };
        for shard in self.shards.iter_mut() {
            shard.apply(upto);
        }
        self.apply_control(watermark);
        self.evict_values();
    }

    fn wake_waiting_cores(&mut self, watermark: Revision) {
        let id = self.id;
        let waiting: Vec<CoreId> = self.sequencer.cells().waiting_cores(watermark, id).collect();
        if !planted(Bug::ForgetWakeUp) {
            self.out.extend(waiting.into_iter().map(Output::Wake));
        }
    }

    /// Tells the other cores what this one waits for. The watermark may have passed that already,
    /// raised by one that did not see it yet, so it is looked at once more. Returns whether it had.
    fn publish_waiting(&mut self) -> bool {
        let lowest = self.lowest_waiting();
        self.waiters.publish(self.sequencer.cells(), self.id, lowest);
        let passed = lowest.is_some_and(|lowest| lowest <= self.sequencer.watermark());
        if passed {
            self.advance();
            let lowest = self.lowest_waiting();
            self.waiters.publish(self.sequencer.cells(), self.id, lowest);
        }
        passed
    }

    fn lowest_waiting(&self) -> Option<Revision> {
        let lowest = [self.waiters.lowest(), self.hub.waiting_for(), self.lowest_unapplied()];
        lowest.into_iter().flatten().min()
    }

    fn lowest_unapplied(&self) -> Option<Revision> {
        let shards = self.shards.iter().filter_map(crate::shard::Shard::next_to_apply);
        shards.chain(self.control.as_ref().and_then(Control::next_to_apply)).min()
    }

    fn poll_segments(&mut self) {
        while let Some(segment) = self.log.wants_segment() {
            self.disk_bytes += u64::from(segment.segment_bytes);
            self.out.push_back(Output::PrepareSegment(segment));
        }
    }

    fn evict_values(&mut self) {
        let budget = self.config.value_bytes / self.shards.iter().count().max(1);
        for shard in self.shards.iter_mut() {
            if shard.index().resident_bytes() > budget {
                shard.index_mut().evict(budget, crate::limits::EVICTION_STEP);
            }
        }
    }
}
