//! The driver of one core: feeds its machine with what happens and carries out what it wants.
//!
//! One round: look at the watermark, empty the mailboxes, take in what front-ends and finished I/O
//! left, let the machine work, carry out its outputs; then sleep until something of this changes.
//! The machine decides everything; nothing here has an opinion.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use braid_core::ids::CoreId;
use braid_core::machine::mail::Mail;
use braid_core::machine::{Core, Input, Output, ReadId};
use braid_core::port::{Incoming, Port};
use braid_core::stages::{Stage, StageTimes, Stopwatch};
use braid_core::version::ColdValue;
use braid_storage::log::Write;
use braid_storage::segment::SegmentHeader;

use crate::clock::{Alarm, Clock};
use crate::executors::Turn;
use crate::fatal::{Exit, fatal};
use crate::files::{LogDir, LogWriter, SegmentReader, new_segment};
use crate::log_metrics::LogMetrics;
use crate::mailbox::CoreEnd;

/// Mails that wait in one queue between two cores; more wait at their sender.
pub const MAILBOX_CAPACITY: usize = 4096;

/// What one core's driver works with.
pub struct Pump {
    core: Core,
    clock: Clock,
    mailboxes: CoreEnd<Mail>,
    port: Port,
    files: Rc<Files>,
    finished: Rc<Finished>,
    /// Mails that found their mailbox full, by receiver.
    spilled: Vec<VecDeque<Mail>>,
    /// No more of these can wait for one core.
    mails_max: usize,
    /// Commits that may be published once nothing is spilled.
    publishing: usize,
    listener: Listener,
    at_rest: Rc<Cell<bool>>,
    alarm: Alarm,
    turn: Turn,
    stopwatch: Stopwatch,
    mail: Vec<(CoreId, Mail)>,
    incoming: Vec<Incoming>,
}

/// Who hears of what concerns the whole member.
pub struct Listener {
    /// A reign began, in this raft term.
    pub on_reign: Box<dyn Fn(u64)>,
    /// The member serves (core 0 only).
    pub on_serving: Box<dyn Fn()>,
}

/// A core's files.
pub struct Files {
    /// The folder of the segments.
    pub dir: LogDir,
    /// The writer of the core's log.
    pub writer: LogWriter,
    /// The reader of values.
    pub reader: SegmentReader,
    /// How the writes go.
    pub metrics: Arc<LogMetrics>,
}

/// I/O that has finished since the last round.
#[derive(Default)]
struct Finished {
    inputs: RefCell<Vec<Input>>,
    waker: RefCell<Option<Waker>>,
}

impl Finished {
    fn push(&self, input: Input) {
        self.inputs.borrow_mut().push(input);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn register(&self, waker: &Waker) {
        let mut registered = self.waker.borrow_mut();
        if !registered.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *registered = Some(waker.clone());
        }
    }
}

impl Pump {
    /// The driver of `core`, which tells `times` where time goes.
    pub fn new(
        mut core: Core,
        clock: Clock,
        mailboxes: CoreEnd<Mail>,
        port: Port,
        files: Files,
        listener: Listener,
        times: Arc<StageTimes>,
    ) -> Self {
        let cores = mailboxes.cores();
        let mails_max = core.mails_max();
        let stopwatch = clock.stopwatch(times.clone());
        core.measure(times, stopwatch.clone());
        Self {
            core,
            clock,
            mailboxes,
            port,
            files: Rc::new(files),
            finished: Rc::default(),
            spilled: (0..cores).map(|_| VecDeque::new()).collect(),
            mails_max,
            publishing: 0,
            listener,
            at_rest: Rc::default(),
            alarm: Alarm::new(clock),
            turn: Turn::new().unwrap_or_else(|error| fatal(Exit::System, error)),
            stopwatch,
            mail: Vec::new(),
            incoming: Vec::new(),
        }
    }

    /// Tells, after each round, whether the core's log [is at rest](Core::is_at_rest).
    #[must_use]
    pub fn at_rest(&self) -> Rc<Cell<bool>> {
        self.at_rest.clone()
    }

    /// Drives the core for ever.
    pub async fn run(mut self) {
        self.core.start();
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let more = self.round(context.waker());
        self.finished.register(context.waker());
        if more || self.has_input() || self.is_due(context) {
            // The connections, and now and then the rings, get their turn before.
            self.turn.go_on(context);
            return Poll::Pending;
        }
        if self.mailboxes.poll_ready(context).is_ready() {
            self.turn.go_on(context);
        }
        Poll::Pending
    }

    /// Takes in everything there is, and works once. Returns whether there is more to do at once.
    fn round(&mut self, waker: &Waker) -> bool {
        self.stopwatch.begin(Stage::Route);
        self.core.observe();
        self.mailboxes.drain(&mut self.mail, usize::MAX);
        let now = self.clock.now();
        for (from, mail) in self.mail.drain(..) {
            self.core.handle(now, Input::Mail(from, mail));
        }
        for input in self.finished.inputs.take() {
            self.core.handle(now, input);
        }
        self.port.drain(&mut self.incoming, waker);
        for incoming in self.incoming.drain(..) {
            self.core.handle(now, Input::Front(incoming));
        }
        let more = self.core.step(now);
        self.stopwatch.enter(Stage::Apply);
        self.flush_spilled();
        self.carry_out();
        self.at_rest.set(self.core.is_at_rest());
        self.mailboxes.announce();
        self.stopwatch.end();
        more || self.spilled.iter().any(|spilled| !spilled.is_empty())
    }

    fn has_input(&self) -> bool {
        !self.finished.inputs.borrow().is_empty()
    }

    fn is_due(&mut self, context: &mut Context<'_>) -> bool {
        match self.core.deadline() {
            Some(due) => self.alarm.set(due),
            None => self.alarm.clear(),
        }
        self.alarm.poll(context).is_ready()
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Answer(call, answer) => self.port.complete(call, answer),
                Output::Mail(to, mail) => self.send(to, mail),
                Output::Publish => {
                    self.publishing += 1;
                    self.publish();
                }
                Output::Write(write) => self.write(write),
                Output::Read(read, value) => self.read(read, value),
                Output::PrepareSegment(segment) => self.prepare_segment(segment),
                Output::Wake(core) => self.mailboxes.bells().wake(core),
                Output::Watch(stream, response) => self.port.deliver(stream, response),
                Output::EndStream(stream, error) => self.port.end_stream(stream, error),
                Output::Reign { term } => (self.listener.on_reign)(term),
                Output::Serving => (self.listener.on_serving)(),
                Output::Fatal(reason) => fatal(Exit::Bug, reason),
            }
        }
    }

    fn send(&mut self, to: CoreId, mail: Mail) {
        let spilled = &mut self.spilled[usize::from(to.0)];
        if !spilled.is_empty() {
            spilled.push_back(mail);
        } else if let Err(mail) = self.mailboxes.try_send(to, mail) {
            spilled.push_back(mail);
        }
        let waiting = spilled.len();
        assert!(waiting <= self.mails_max, "{waiting} mails for core {to}: some have no bound");
    }

    fn flush_spilled(&mut self) {
        for (to, spilled) in self.spilled.iter_mut().enumerate() {
            let to = CoreId(to as u16);
            while let Some(mail) = spilled.pop_front() {
                if let Err(mail) = self.mailboxes.try_send(to, mail) {
                    spilled.push_front(mail);
                    break;
                }
            }
        }
        self.publish();
    }

    /// Commits become known once the mails before them are in their mailboxes.
    fn publish(&mut self) {
        if self.spilled.iter().all(VecDeque::is_empty) {
            for _ in 0..std::mem::take(&mut self.publishing) {
                self.finished.push(Input::Publish);
            }
        }
    }

    fn write(&self, write: Write) {
        let (files, finished) = (self.files.clone(), self.finished.clone());
        let (clock, start) = (self.clock, self.clock.now());
        let stopwatch = self.stopwatch.clone();
        glommio::spawn_local(async move {
            let (segment, offset) = (write.segment().id, u64::from(write.offset()));
            let len = write.len() as usize;
            let fill = |buffer: &mut [u8]| {
                stopwatch.begin(Stage::Append);
                write.copy_to(buffer);
                stopwatch.end();
            };
            files.writer.write(segment, offset, len, fill).await;
            files.metrics.written(len as u64, clock.now() - start);
            finished.push(Input::Written(write.number()));
        })
        .detach();
    }

    fn read(&self, read: ReadId, value: ColdValue) {
        let (files, finished) = (self.files.clone(), self.finished.clone());
        glommio::spawn_local(async move {
            let (segment, offset) = (value.location.segment, u64::from(value.location.offset));
            let bytes = files.reader.read(segment, offset, value.len as usize).await;
            if let Err(error) = &bytes {
                tracing::error!("a value cannot be read back: {error}");
            }
            finished.push(Input::ValueRead(read, bytes.ok().map(Into::into)));
        })
        .detach();
    }

    fn prepare_segment(&self, segment: SegmentHeader) {
        let (files, finished) = (self.files.clone(), self.finished.clone());
        glommio::spawn_local(async move {
            new_segment(&files.dir, &segment, || finished.push(Input::NoSpace)).await;
            finished.push(Input::SegmentReady(segment.id));
        })
        .detach();
    }
}
