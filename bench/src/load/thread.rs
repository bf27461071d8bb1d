//! One load thread: its connections, its clients, and the clerk who reports what they did.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch::Receiver;
use tokio::task::{JoinSet, LocalSet, spawn_local};

use super::message::{Message, Part};
use super::seat::Seat;
use super::stage::Stage;
use super::{Plan, Window};
use crate::client::Channel;
use crate::failure::Failure;
use crate::host::thread_waited;

const SECOND: Duration = Duration::from_secs(1);

/// Runs thread `thread` of the plan to its end.
pub(super) fn run(
    plan: Arc<Plan>,
    thread: usize,
    announced: Receiver<Option<Window>>,
    messages: &Sender<Message>,
) {
    let result = begin(plan, thread, announced, messages.clone());
    // Nobody listens any more when the run was given up.
    messages
        .send(match result {
            Ok(()) => Message::Finished,
            Err(error) => Message::Broken(error.to_string()),
        })
        .ok();
}

fn begin(
    plan: Arc<Plan>,
    thread: usize,
    announced: Receiver<Option<Window>>,
    messages: Sender<Message>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let stage = Rc::new(Stage::new(plan, thread, announced, messages)?);
        let channels = connect(&stage, thread).await.map_err(io::Error::other)?;
        let clerk = spawn_local(report_each_second(stage.clone(), thread));
        let clients = seat_clients(&stage, thread, &channels);
        wait_for(&stage, clients).await;
        clerk.abort();
        report(&stage, thread, last_second(&stage), Times::default());
        Ok(())
    })
}

/// This thread's share of the connections, at least one.
async fn connect(stage: &Stage, thread: usize) -> Result<Vec<Channel>, Failure> {
    let shape = stage.shape();
    let share = (thread as u64..shape.connections).step_by(shape.threads).count().max(1);
    let mut channels = Vec::with_capacity(share);
    for _ in 0..share {
        channels.push(Channel::connect(stage.endpoint()).await?);
    }
    Ok(channels)
}

fn seat_clients(stage: &Rc<Stage>, thread: usize, channels: &[Channel]) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    let seats = stage.plan().seats();
    let numbers = (thread as u64..seats).step_by(stage.shape().threads);
    for (number, channel) in numbers.zip(channels.iter().cycle()) {
        let seat = Seat::new(number, channel.clone(), stage.clone());
        let stage = stage.clone();
        clients.spawn_local(async move {
            if let Err(failure) = stage.plan().workload.client(seat).await {
                stage.tell(Message::Lost(failure));
            }
        });
    }
    clients
}

async fn wait_for(stage: &Stage, mut clients: JoinSet<()>) {
    let all_done = async { while clients.join_next().await.is_some() {} };
    let patience = async {
        stage.ended().await;
        tokio::time::sleep(stage.window().drain).await;
    };
    tokio::select! {
        () = all_done => {}
        () = patience => {}
    }
    if !clients.is_empty() {
        stage.tell(Message::Stuck(clients.len()));
    }
}

async fn report_each_second(stage: Rc<Stage>, thread: usize) {
    stage.announced().await;
    tokio::time::sleep_until(stage.window().from.into()).await;
    let mut before = Times::now();
    for second in 0.. {
        let due = stage.window().from + SECOND * (second as u32 + 1);
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => {}
            () = stage.ended() => {}
        }
        let now = Times::now();
        report(&stage, thread, second, now.since(before));
        before = now;
        if Instant::now() >= stage.window().end {
            return;
        }
    }
}

fn report(stage: &Stage, thread: usize, second: usize, times: Times) {
    let slice = stage.recorder().take();
    stage.tell(Message::Slice(Part {
        thread,
        second,
        slice,
        cpu: times.cpu,
        waited: times.waited,
    }));
}

/// The second that ends with the window.
fn last_second(stage: &Stage) -> usize {
    let seconds = stage.window().measured().as_secs_f64().ceil() as usize;
    seconds.saturating_sub(1)
}

/// What the calling thread had of its processor.
#[derive(Clone, Copy, Default)]
struct Times {
    cpu: Duration,
    waited: Duration,
}

impl Times {
    fn now() -> Self {
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        let cpu = Duration::new(cpu.tv_sec as u64, cpu.tv_nsec as u32);
        // A kernel may be built without these statistics.
        Self { cpu, waited: thread_waited().unwrap_or_default() }
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }
}
