//! Work that keeps all processors busy while a disk is timed, as clients keep a server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use braid_runtime::clock::{self, Clock};
use braid_runtime::executors::Turn;

/// Work between two looks at the rings: about what a server does for a batch of requests.
const WORK: Duration = Duration::from_micros(50);

/// How often an idle core looks whether there is work.
const LOOK: Duration = Duration::from_millis(20);

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const OVER: u8 = 2;

/// What the cores should do; shared by all of them. Nothing hangs on when a core sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Load(Arc<AtomicU8>);

impl Load {
    /// Keeps the cores busy, or not.
    pub(super) fn set_busy(&self, busy: bool) {
        self.0.store(if busy { BUSY } else { IDLE }, Ordering::Relaxed);
    }

    /// Sends the cores home.
    pub(super) fn end(&self) {
        self.0.store(OVER, Ordering::Relaxed);
    }

    /// One core's share, until the end.
    pub(super) async fn run(self, clock: Clock) {
        let mut turn = Turn::new().ok();
        loop {
            match (self.0.load(Ordering::Relaxed), &mut turn) {
                (OVER, _) => break,
                (BUSY, Some(turn)) => {
                    work(clock);
                    turn.wait().await;
                }
                // Without a descriptor for turns the core stays idle.
                _ => clock::sleep(LOOK).await,
            }
        }
    }
}

fn work(clock: Clock) {
    let began = clock.now();
    while clock.now() - began < WORK {
        std::hint::spin_loop();
    }
}
