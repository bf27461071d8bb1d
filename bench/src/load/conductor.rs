//! Starts the load threads, says when it begins, collects what they did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::live::Live;
use super::message::{Message, Part};
use super::{Plan, Slice, Window, thread as load_thread};
use crate::error::Error;
use crate::host::{Process, Usage};

/// How long clients may take to get ready.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// How often an interruption is looked for.
const GLANCE: Duration = Duration::from_millis(50);

/// What a run gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Everything that was measured.
    pub total: Slice,
    /// The same by seconds.
    pub seconds: Vec<Slice>,
    /// How long was measured.
    pub measured: Duration,
    /// Processor time of each load thread within the measurement.
    pub cpu: Vec<Duration>,
    /// Time that each waited for its processor meanwhile.
    pub waited: Vec<Duration>,
    /// What the server used within the measurement.
    pub server: Option<Usage>,
    /// Why the run is not whole.
    pub unfinished: Option<String>,
}

/// Runs a plan. `server` is asked for its usage where it is known; `interrupt` ends the
/// measurement early.
pub fn run(plan: Plan, server: Option<&Process>, interrupt: &AtomicBool) -> Result<Outcome, Error> {
    let plan = Arc::new(plan);
    let (messages, received) = channel();
    let (announce, announced) = watch::channel(None);
    let threads: Vec<_> =
        (0..plan.shape.threads).map(|number| spawn(&plan, number, &announced, &messages)).collect();
    drop(messages);
    let result = Conductor::new(&plan, server, interrupt, received).conduct(announce);
    for thread in threads {
        // Its panic, a bug of ours, has been printed; the outcome says that it is missing.
        thread.join().ok();
    }
    result
}

fn spawn(
    plan: &Arc<Plan>,
    number: usize,
    announced: &watch::Receiver<Option<Window>>,
    messages: &Sender<Message>,
) -> thread::JoinHandle<()> {
    let (plan, announced, messages) = (plan.clone(), announced.clone(), messages.clone());
    thread::spawn(move || load_thread::run(plan, number, announced, &messages))
}

struct Conductor<'a> {
    plan: &'a Plan,
    server: Option<&'a Process>,
    interrupt: &'a AtomicBool,
    received: Receiver<Message>,
    outcome: Outcome,
    before: Option<Usage>,
    lost: BTreeMap<String, u64>,
    stuck: usize,
    finished: usize,
    live: Live,
}

impl<'a> Conductor<'a> {
    fn new(
        plan: &'a Plan,
        server: Option<&'a Process>,
        interrupt: &'a AtomicBool,
        received: Receiver<Message>,
    ) -> Self {
        let none = vec![Duration::ZERO; plan.shape.threads];
        let outcome = Outcome { cpu: none.clone(), waited: none, ..Outcome::default() };
        Self {
            plan,
            server,
            interrupt,
            received,
            outcome,
            before: None,
            lost: BTreeMap::new(),
            stuck: 0,
            finished: 0,
            live: Live::new(),
        }
    }

    fn conduct(mut self, announce: watch::Sender<Option<Window>>) -> Result<Outcome, Error> {
        self.wait_until_ready()?;
        let shape = &self.plan.shape;
        let mut window = Window::after(Instant::now(), shape.warm_up, shape.duration);
        announce.send_replace(Some(window));
        while self.finished < shape.threads {
            let wait = self.next_look(&window).saturating_duration_since(Instant::now());
            match self.received.recv_timeout(wait) {
                Ok(message) => self.take(message, &window),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Error::LoadThread),
            }
            if self.was_interrupted() {
                window = window.cut(Instant::now());
                announce.send_replace(Some(window));
            }
            self.watch_the_server(&window);
        }
        Ok(self.conclude(window))
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + READY_TIMEOUT;
        let mut ready = 0;
        while ready < self.plan.seats() {
            let wait = deadline.saturating_duration_since(Instant::now()).min(GLANCE);
            match self.received.recv_timeout(wait) {
                Ok(Message::Ready) => ready += 1,
                Ok(Message::Broken(why)) => return Err(Error::CannotBegin(why)),
                Ok(Message::Lost(failure)) => return Err(Error::CannotBegin(failure.to_string())),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Error::LoadThread),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                    return Err(Error::NotReady(READY_TIMEOUT));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }

    fn next_look(&self, window: &Window) -> Instant {
        let glance = Instant::now() + GLANCE;
        let mark = if self.before.is_none() { window.from } else { window.end };
        if mark > Instant::now() { glance.min(mark) } else { glance }
    }

    fn take(&mut self, message: Message, window: &Window) {
        match message {
            Message::Slice(part) => self.add(part, window),
            Message::Lost(failure) => *self.lost.entry(failure.to_string()).or_default() += 1,
            Message::Stuck(clients) => self.stuck += clients,
            Message::Finished | Message::Broken(_) => self.finished += 1,
            Message::Ready => {}
        }
    }

    fn add(&mut self, part: Part, window: &Window) {
        let seconds = &mut self.outcome.seconds;
        if seconds.len() <= part.second {
            seconds.resize_with(part.second + 1, Slice::default);
        }
        seconds[part.second].merge(&part.slice);
        self.outcome.total.merge(&part.slice);
        self.outcome.cpu[part.thread] += part.cpu;
        self.outcome.waited[part.thread] += part.waited;
        if part.thread == 0 {
            let left = window.end.saturating_duration_since(Instant::now());
            self.live.show(&seconds[part.second], left);
        }
    }

    fn was_interrupted(&mut self) -> bool {
        let now = self.outcome.unfinished.is_none() && self.interrupt.load(Ordering::Relaxed);
        if now {
            self.outcome.unfinished = Some("interrupted".into());
        }
        now
    }

    fn watch_the_server(&mut self, window: &Window) {
        let (Some(server), now) = (self.server, Instant::now()) else { return };
        if self.before.is_none() && now >= window.from {
            self.before = server.usage().ok();
        }
        if now >= window.end {
            self.conclude_usage(server);
        }
    }

    fn conclude_usage(&mut self, server: &Process) {
        if let (Some(before), None) = (&self.before, &self.outcome.server) {
            self.outcome.server = server.usage().ok().map(|after| after.since(before));
        }
    }

    fn conclude(mut self, window: Window) -> Outcome {
        self.live.end();
        // Clients whose next turn would come too late are done before the end.
        if let Some(server) = self.server {
            self.conclude_usage(server);
        }
        self.outcome.measured = window.cut(Instant::now()).measured();
        let clients = self.plan.seats();
        if let Some((why, _)) = self.lost.iter().next() {
            let lost: u64 = self.lost.values().sum();
            self.outcome.unfinished =
                Some(format!("{lost} of {clients} clients ended early: {why}"));
        } else if self.stuck > 0 {
            let text = format!("{} of {clients} clients never got an answer", self.stuck);
            self.outcome.unfinished = Some(text);
        }
        self.outcome
    }
}
