//! What the clients of one load thread share.

use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tokio::sync::watch::Receiver;

use super::message::Message;
use super::pace::Pace;
use super::recorder::Recorder;
use super::{Plan, Window};
use crate::client::Endpoint;
use crate::shape::Shape;

/// One load thread's side of a run.
pub struct Stage {
    plan: Arc<Plan>,
    main_pace: Pace,
    write_pace: Pace,
    recorder: RefCell<Recorder>,
    window: Cell<Window>,
    announced: Receiver<Option<Window>>,
    messages: Sender<Message>,
}

impl Stage {
    pub(super) fn new(
        plan: Arc<Plan>,
        thread: usize,
        announced: Receiver<Option<Window>>,
        messages: Sender<Message>,
    ) -> io::Result<Self> {
        let threads = plan.shape.threads;
        let now = Instant::now();
        Ok(Self {
            main_pace: Pace::new(plan.shape.rate, thread, threads)?,
            write_pace: Pace::new(plan.shape.write_rate, thread, threads)?,
            recorder: RefCell::default(),
            window: Cell::new(Window::after(now, Duration::ZERO, Duration::ZERO)),
            plan,
            announced,
            messages,
        })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.plan.shape
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.plan.endpoint
    }

    pub(super) fn main_pace(&self) -> &Pace {
        &self.main_pace
    }

    pub(super) fn write_pace(&self) -> &Pace {
        &self.write_pace
    }

    pub(super) fn window(&self) -> Window {
        self.window.get()
    }

    pub(super) fn recorder(&self) -> RefMut<'_, Recorder> {
        self.recorder.borrow_mut()
    }

    /// Tells whoever runs the load.
    pub(super) fn tell(&self, message: Message) {
        // Nobody listens any more when the run was given up.
        self.messages.send(message).ok();
    }

    pub(super) async fn started(&self) {
        self.tell(Message::Ready);
        self.announced().await;
        // What begins before its time is not measured: without a warm-up that would be the first
        // operation of each client.
        tokio::time::sleep_until(self.window().begin.into()).await;
    }

    /// Waits until the window is known, or the run is given up.
    pub(super) async fn announced(&self) {
        let mut announced = self.announced.clone();
        if let Ok(window) = announced.wait_for(Option::is_some).await
            && let Some(window) = *window
        {
            self.window.set(window);
        }
    }

    /// Follows the window as it is announced, cut short or not, until the end has come.
    pub(super) async fn ended(&self) {
        let mut announced = self.announced.clone();
        loop {
            let window = *announced.borrow_and_update();
            if let Some(window) = window {
                self.window.set(window);
            }
            tokio::select! {
                changed = announced.changed() => if changed.is_err() { return },
                () = sleep_until(window.map(|window| window.end)) => return,
            }
        }
    }

    pub(super) fn clock(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.plan.born).as_nanos() as u64
    }

    pub(super) fn instant(&self, clock: u64) -> Instant {
        self.plan.born + Duration::from_nanos(clock)
    }
}

/// Sleeps until then; for ever when that is not known yet.
async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
