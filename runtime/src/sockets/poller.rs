//! Which sockets of a core are ready, as one epoll instance tells it.
//!
//! Asked socket by socket, the executor's ring takes a submission and a completion for each time
//! that one gets readable, and the kernel interrupts the busy core for each of them. Here a socket
//! is registered once, the ring waits for the one descriptor of all, and one system call tells
//! which of them are ready.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use glommio::io::PollableFd;
use slab::Slab;

use crate::executors::spawn;

/// Sockets that one system call tells of; more are told by the next.
const EVENTS: usize = 128;
/// Both directions, each told when it becomes ready, not while it is.
const INTEREST: libc::c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
/// After these a call on the socket tells what happened, in either direction.
const ENDED: libc::c_int = libc::EPOLLERR | libc::EPOLLHUP;

thread_local! {
    /// The poller of the executor with this number.
    static CURRENT: RefCell<Option<(usize, Rc<Poller>)>> = const { RefCell::new(None) };
}

/// The poller of a core.
struct Poller {
    epoll: PollableFd<OwnedFd>,
    sockets: RefCell<Slab<Rc<Socket>>>,
}

#[derive(Default)]
struct Socket {
    readable: Direction,
    writable: Direction,
}

/// One direction of a socket.
#[derive(Default)]
struct Direction {
    /// It became ready since somebody last waited for it.
    ready: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl Direction {
    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.ready.take() {
            return Poll::Ready(());
        }
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn wake(&self) {
        self.ready.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

impl Poller {
    /// The one of the executor that this runs on, made when it is first asked for.
    fn current() -> io::Result<Rc<Self>> {
        let executor = glommio::executor().id();
        CURRENT.with_borrow_mut(|current| match current {
            Some((owner, poller)) if *owner == executor => Ok(poller.clone()),
            _ => {
                let poller = Self::start()?;
                *current = Some((executor, poller.clone()));
                Ok(poller)
            }
        })
    }

    fn start() -> io::Result<Rc<Self>> {
        let epoll = PollableFd::new(epoll_create()?)?;
        let poller = Rc::new(Self { epoll, sockets: RefCell::default() });
        spawn(poller.clone().run());
        Ok(poller)
    }

    async fn run(self: Rc<Self>) {
        // The wait only fails when the executor is gone.
        while self.epoll.readable().await.is_ok() {
            self.tell();
        }
    }

    /// Wakes the tasks of the sockets that became ready. What does not fit keeps the descriptor
    /// readable.
    fn tell(&self) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        let (room, at_once) = (EVENTS as libc::c_int, 0);
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the kernel writes at most `room` events to memory that is ours for the call.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), room, at_once) };
        // An interrupted call is repeated, as the descriptor stays readable.
        let count = usize::try_from(count).unwrap_or_default();
        let sockets = self.sockets.borrow();
        for event in &events[..count] {
            let (happened, key) = (event.events as libc::c_int, event.u64 as usize);
            let Some(socket) = sockets.get(key) else { continue };
            if happened & (libc::EPOLLIN | libc::EPOLLRDHUP | ENDED) != 0 {
                socket.readable.wake();
            }
            if happened & (libc::EPOLLOUT | ENDED) != 0 {
                socket.writable.wake();
            }
        }
    }
}

fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointers.
    let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if epoll < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, so it has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(epoll) })
}

/// A socket's place at its core's poller. Closing the socket is what ends the kernel's part, so it
/// is to be dropped right before this.
pub(super) struct Registration {
    poller: Rc<Poller>,
    key: usize,
    socket: Rc<Socket>,
}

impl Registration {
    /// Registers a socket at the poller of the executor that this runs on.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(file: &impl AsRawFd) -> io::Result<Self> {
        let poller = Poller::current()?;
        let socket = Rc::new(Socket::default());
        let key = poller.sockets.borrow_mut().insert(socket.clone());
        let registration = Self { poller, key, socket };
        let mut event = libc::epoll_event { events: INTEREST as u32, u64: key as u64 };
        let (epoll, file) = (registration.poller.epoll.as_raw_fd(), file.as_raw_fd());
        // SAFETY: the kernel reads the event during the call.
        if unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, file, &raw mut event) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(registration)
    }

    /// Ready when the socket became readable, or failed, since a read found nothing or less than it
    /// had room for. Now and then ready without that: the next read finds nothing.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.socket.readable.poll(context)
    }

    /// The same for writes, after one that found no room.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.socket.writable.poll(context)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.poller.sockets.borrow_mut().remove(self.key);
    }
}
