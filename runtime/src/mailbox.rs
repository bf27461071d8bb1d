//! Mailboxes between cores: one bounded queue for each ordered pair, and one bell for each core.
//!
//! A queue has one sender and one receiver, so a busy pair exchanges cache lines and nothing else:
//! no lock, no system call. The bell rings only where the receiver has parked.
//!
//! What this is built on comes from its parent, so that a model checker can put its own there:
//! `runtime/tests/mailbox_model`.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use braid_storage::ids::CoreId;

use super::parking::Parking;
use super::ring::{Consumer, Producer, PushError, RingBuffer};
use super::waker::AtomicWaker;

/// Whether a core sleeps, and how to wake it.
///
/// On cache lines of its own, two of them, because processors fetch lines in pairs: its owner
/// writes it whenever it parks, and a neighbour's bell beside it would turn that into a miss for
/// every core that sends to the neighbour.
#[derive(Debug)]
#[repr(align(128))]
struct Bell {
    parking: Parking,
    waker: AtomicWaker,
}

/// Wakes cores; clones may be kept wherever a core raises something that others wait for.
#[derive(Clone, Debug)]
pub struct Bells(Arc<[Bell]>);

impl Bells {
    /// Makes `core` look around once more before it sleeps, or wakes it if it sleeps already.
    pub fn wake(&self, core: CoreId) {
        let bell = self.of(core);
        if bell.parking.signal() {
            bell.waker.wake();
        }
    }

    fn announce(&self, core: CoreId) {
        let bell = self.of(core);
        if bell.parking.published() {
            bell.waker.wake();
        }
    }

    fn of(&self, core: CoreId) -> &Bell {
        &self.0[usize::from(core.0)]
    }
}

/// One core's end of all its mailboxes.
#[derive(Debug)]
pub struct CoreEnd<T> {
    core: CoreId,
    /// By receiver; none to oneself.
    outboxes: Vec<Option<Producer<T>>>,
    /// By sender; none from oneself.
    inboxes: Vec<Option<Consumer<T>>>,
    /// Receivers that were sent something since the last [`Self::announce`].
    unannounced: Vec<CoreId>,
    bells: Bells,
    /// Where the next drain begins, so that no sender is always served last.
    first_inbox: usize,
}

/// Mailboxes between `cores` cores, each queue holding at most `capacity` messages. The ends are
/// in the order of the cores.
pub fn mailboxes<T: Send>(cores: u16, capacity: usize) -> Vec<CoreEnd<T>> {
    let bell = |_| Bell { parking: Parking::new(), waker: AtomicWaker::new() };
    let bells = Bells((0..cores).map(bell).collect());
    let mut ends: Vec<_> =
        (0..cores).map(|core| CoreEnd::unconnected(CoreId(core), cores, bells.clone())).collect();
    for from in 0..usize::from(cores) {
        for to in (0..usize::from(cores)).filter(|&to| to != from) {
            let (producer, consumer) = RingBuffer::new(capacity);
            ends[from].outboxes[to] = Some(producer);
            ends[to].inboxes[from] = Some(consumer);
        }
    }
    ends
}

impl<T> CoreEnd<T> {
    fn unconnected(core: CoreId, cores: u16, bells: Bells) -> Self {
        Self {
            core,
            outboxes: (0..cores).map(|_| None).collect(),
            inboxes: (0..cores).map(|_| None).collect(),
            unannounced: Vec::with_capacity(usize::from(cores)),
            bells,
            first_inbox: 0,
        }
    }

    /// The core whose end this is.
    pub fn core(&self) -> CoreId {
        self.core
    }

    /// How many cores there are.
    pub fn cores(&self) -> u16 {
        self.inboxes.len() as u16
    }

    /// The bells of all cores.
    pub fn bells(&self) -> Bells {
        self.bells.clone()
    }

    /// How many messages `to` can be sent at the moment; more once it has drained.
    pub fn room(&self, to: CoreId) -> usize {
        self.outboxes[usize::from(to.0)].as_ref().map_or(0, Producer::slots)
    }

    /// Puts a message into the mailbox of `to`, which may sleep on until [`Self::announce`].
    ///
    /// # Errors
    /// The message itself when the mailbox is full.
    ///
    /// # Panics
    /// When `to` is this core, which has no mailbox to itself.
    pub fn try_send(&mut self, to: CoreId, message: T) -> Result<(), T> {
        let outbox = self.outboxes[usize::from(to.0)].as_mut();
        let outbox = outbox.expect("a core keeps what it would send to itself");
        outbox.push(message).map_err(|PushError::Full(message)| message)?;
        if !self.unannounced.contains(&to) {
            self.unannounced.push(to);
        }
        Ok(())
    }

    /// Wakes the receivers of what was sent since the last call, as far as they sleep. Once after
    /// a batch: the check costs a fence for each receiver.
    pub fn announce(&mut self) {
        for to in self.unannounced.drain(..) {
            self.bells.announce(to);
        }
    }

    /// Begins a round of work: moves at most `max` messages, with their senders, to the end of
    /// `into`. Messages of one sender keep their order.
    pub fn drain(&mut self, into: &mut Vec<(CoreId, T)>, max: usize) {
        self.bells.of(self.core).parking.run();
        let count = self.inboxes.len();
        let mut left = max;
        for step in 0..count {
            let from = (self.first_inbox + step) % count;
            left -= self.drain_one(from, into, left);
        }
        self.first_inbox = (self.first_inbox + 1) % count;
    }

    fn drain_one(&mut self, from: usize, into: &mut Vec<(CoreId, T)>, max: usize) -> usize {
        let Some(inbox) = &mut self.inboxes[from] else { return 0 };
        let count = inbox.slots().min(max);
        let Ok(chunk) = inbox.read_chunk(count) else { return 0 };
        let from = CoreId(u16::try_from(from).expect("cores are counted in u16"));
        into.extend(chunk.into_iter().map(|message| (from, message)));
        count
    }

    /// Ready when there may be something to [`Self::drain`] or somebody rang this core's bell
    /// since the last drain. If pending, the core counts as parked and its task will be woken.
    ///
    /// What is awaited by [`Bells::wake`] alone (a watermark, say) must be looked at after the
    /// drain and before this, in the same round.
    pub fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.announce();
        if self.has_mail() || !self.park(context.waker()) || self.has_mail() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// [`Self::poll_ready`] as a future.
    pub async fn wait(&mut self) {
        poll_fn(|context| self.poll_ready(context)).await;
    }

    fn park(&self, waker: &Waker) -> bool {
        let bell = self.bells.of(self.core);
        bell.waker.register(waker);
        bell.parking.park()
    }

    fn has_mail(&self) -> bool {
        self.inboxes.iter().flatten().any(|inbox| !inbox.is_empty())
    }
}
