//! A core: its shards, its log, and its part in everything that spans cores, as one state machine.
//!
//! The driver feeds it [`Input`]s with [`Core::handle`], lets it work with [`Core::step`], and
//! carries out the [`Output`]s. Nothing here waits, reads a clock or touches a file. The methods
//! are spread over the files of this folder by what they are about.

mod calls;
pub mod collect;
pub mod collected_view;
mod commits;
mod compaction;
mod control;
mod coordinator;
mod decisions;
mod dispatch;
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
mod queues;
mod range_merge;
mod range_source;
mod range_task;
mod reads;
mod round;
mod setup;
pub mod shards;
mod space;
mod spanning_delete;
mod startup;
mod txn_reads;
mod updates;
mod waiters;
mod waits;
mod watches;
mod watermark;
mod writes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use braid_storage::ids::{CoreId, Epoch, Revision};
use braid_storage::log::Log;
use braid_storage::payload::Encoder;

use crate::routing::Routing;
use crate::sequencer::Sequencer;
use crate::stages::{Stage, StageTimes, Stopwatch};
use crate::watch::WatchHub;

use control::Control;
use fetch::Fetches;
use leases::KnownLeases;
use mail::Mail;
use participant::Gate;
use queries::Queries;
use reads::Reads;
use shards::Shards;
use waiters::Waiters;
use writes::Writes;

pub use io::{Input, Output, ReadId};
pub use queues::Queue;
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
    /// Calls of front-ends that are not answered.
    calls: usize,
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
    /// The log's next segment waits for room on the disk.
    out_of_space: bool,
    times: Arc<StageTimes>,
    stopwatch: Stopwatch,
}

impl Core {
    /// Looks at the watermark. The driver calls this before it empties the core's mailboxes: a
    /// core sends its events before it lets the watermark pass them, so at the next
    /// [`Self::step`] all events up to what was seen here have arrived.
    pub fn observe(&mut self) {
        self.observing = self.raise_watermark();
    }

    /// Takes an input in. Call [`Self::step`] after one or more of these.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.pass_time(now);
        match input {
            Input::Front(incoming) => self.handle_front(incoming),
            Input::Mail(from, mail) => self.handle_mail(from, mail),
            Input::Written(number) => self.handle_written(number),
            Input::SegmentReady(segment) => self.handle_segment_ready(segment),
            Input::NoSpace => self.handle_no_space(),
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
        // This core's own part of a round that begins is told in the same step.
        self.drain_own_mail();
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

    /// Whether the log notes all that was acknowledged: from then on damage to its end shows as
    /// such, and cannot pass for a write that was torn.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.writes.is_at_rest(self.applied)
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
}
