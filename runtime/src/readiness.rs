//! Waiting until a descriptor is readable, without asking the executor twice for the same.
//!
//! A task is polled for many reasons, and each time it asks whether the descriptor is readable.
//! glommio keeps a waker for every such question until the answer comes. So the executor is asked
//! once, with a bell of ours as the waker, and the bell knows the task.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};

use atomic_waker::AtomicWaker;
use glommio::io::{PollState, PollableFd};

/// The wait for a descriptor.
#[derive(Debug)]
pub(crate) struct Readiness {
    registration: PollState,
    bell: Arc<Bell>,
    ringer: Waker,
    asked: bool,
}

/// All of it stays on one thread; wakers must be `Send` by their type.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        self.task.wake();
    }
}

impl Readiness {
    pub(crate) fn new() -> Self {
        let bell = Arc::new(Bell::default());
        let ringer = Waker::from(bell.clone());
        Self { registration: PollState::new(), bell, ringer, asked: false }
    }

    /// Ready once the descriptor is, or has failed: the next call to the system tells.
    pub(crate) fn poll(
        &mut self,
        fd: &PollableFd<impl AsRawFd>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.bell.task.register(context.waker());
        if self.asked && !self.bell.rung.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        self.bell.rung.store(false, Ordering::Relaxed);
        self.asked = true;
        ready!(self.ask(fd))?;
        self.asked = false;
        Poll::Ready(Ok(()))
    }

    fn ask(&mut self, fd: &PollableFd<impl AsRawFd>) -> Poll<glommio::Result<(), ()>> {
        let mut context = Context::from_waker(&self.ringer);
        fd.poll_readable(&mut context, &mut self.registration)
    }
}
