//! The interleavings of senders and a receiver that goes to sleep: no mail is slept over, lost or
//! told twice, and mails of one sender keep their order.
//!
//! The modules under test are compiled a second time, over the checker's atomics, a queue with the
//! memory orders of the real one, and a plain cell for the waker.

mod atomics {
    pub use loom::sync::atomic::{AtomicU32, Ordering, fence};
}
mod ring;
mod waker;

#[path = "../../src/mailbox.rs"]
#[allow(dead_code, reason = "the model needs only a part of it")]
mod mailbox;
#[path = "../../src/parking.rs"]
mod parking;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use braid_storage::ids::CoreId;
use loom::sync::atomic::AtomicU32;
use loom::thread;
use mailbox::{CoreEnd, mailboxes};

const RECEIVER: CoreId = CoreId(0);

/// How often the receiver's task was woken. Looked at only when all senders have ended.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A receiver and what it was sent.
struct Receiver {
    end: CoreEnd<u32>,
    wakes: Arc<Wakes>,
    mails: Vec<(CoreId, u32)>,
}

impl Receiver {
    fn new(end: CoreEnd<u32>) -> Self {
        Self { end, wakes: Arc::default(), mails: Vec::new() }
    }

    /// One round of its driver. Returns whether it sleeps.
    fn round(&mut self) -> bool {
        self.end.drain(&mut self.mails, usize::MAX);
        self.sleeps()
    }

    fn sleeps(&mut self) -> bool {
        let waker = Waker::from(self.wakes.clone());
        self.end.poll_ready(&mut Context::from_waker(&waker)).is_pending()
    }

    /// Works until it sleeps or has `expected` mails.
    fn work(&mut self, expected: usize) {
        while self.mails.len() < expected && !self.round() {}
    }

    fn woken(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// All it was sent, when the senders have ended: it gets the rest by being woken.
    fn finish(mut self, expected: usize) -> Vec<(CoreId, u32)> {
        assert!(self.mails.len() == expected || self.woken() > 0, "asleep over mail");
        self.end.drain(&mut self.mails, usize::MAX);
        self.mails
    }
}

fn explore(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// Each of some senders sends `mails` mails by `send`, while core 0 receives them.
fn receive(senders: u16, mails: u32, send: fn(&mut CoreEnd<u32>, u32)) {
    explore(move || {
        let mut ends = mailboxes(senders + 1, mails as usize).into_iter();
        let mut receiver = Receiver::new(ends.next().expect("the receiver's"));
        let spawn = |mut end| thread::spawn(move || send(&mut end, mails));
        let threads: Vec<_> = ends.map(spawn).collect();
        let expected = threads.len() * mails as usize;
        receiver.work(expected);
        for sender in threads {
            sender.join().expect("the sender ends");
        }
        let all = receiver.finish(expected);
        for sender in (1..=senders).map(CoreId) {
            let own = all.iter().filter(|(from, _)| *from == sender).map(|(_, mail)| *mail);
            assert!(own.eq(0..mails), "{all:?}");
        }
    });
}

fn send_all(end: &mut CoreEnd<u32>, mails: u32) {
    for mail in 0..mails {
        end.try_send(RECEIVER, mail).expect("there is room");
    }
    end.announce();
}

#[test]
fn no_mail_is_slept_over() {
    receive(1, 2, send_all);
    receive(2, 1, send_all);
}

#[test]
#[should_panic(expected = "asleep over mail")]
fn an_announcement_ahead_of_its_mail_is_found() {
    receive(1, 2, |end, _| {
        end.try_send(RECEIVER, 0).expect("there is room");
        end.announce();
        end.try_send(RECEIVER, 1).expect("there is room");
    });
}

/// A sender goes on when its full mailbox has been drained; what the receiver took is gone.
#[test]
fn a_full_mailbox_is_used_again() {
    explore(|| {
        let mut ends = mailboxes(2, 1).into_iter();
        let mut receiver = Receiver::new(ends.next().expect("the receiver's"));
        let mut end = ends.next().expect("the sender's");
        let sender = thread::spawn(move || {
            end.try_send(RECEIVER, 0).expect("there is room");
            let second = end.try_send(RECEIVER, 1).is_ok();
            end.announce();
            second
        });
        receiver.work(2);
        let second = sender.join().expect("the sender ends");
        let expected = 1 + usize::from(second);
        let all = receiver.finish(expected);
        assert!(all.into_iter().eq((0..expected as u32).map(|mail| (CoreId(1), mail))));
    });
}

/// The receiver waits for a word that another core raises before it rings; looks at it by `round`.
fn wait_for_word(round: fn(&mut Receiver, &AtomicU32) -> bool) {
    explore(move || {
        let mut ends = mailboxes::<u32>(2, 1).into_iter();
        let mut receiver = Receiver::new(ends.next().expect("the receiver's"));
        let bells = ends.next().expect("the raiser's").bells();
        let word = Arc::new(AtomicU32::new(0));
        let raised = word.clone();
        let raiser = thread::spawn(move || {
            raised.store(1, Ordering::Release);
            bells.wake(RECEIVER);
        });
        let asleep = round(&mut receiver, &word);
        raiser.join().expect("the raiser ends");
        assert!(!asleep || receiver.woken() > 0, "asleep over the word");
    });
}

#[test]
fn what_a_bell_tells_is_not_slept_over() {
    wait_for_word(|receiver, word| {
        receiver.end.drain(&mut receiver.mails, usize::MAX);
        word.load(Ordering::Acquire) == 0 && receiver.sleeps()
    });
}

#[test]
#[should_panic(expected = "asleep over the word")]
fn a_look_ahead_of_the_drain_is_found() {
    wait_for_word(|receiver, word| {
        let unseen = word.load(Ordering::Acquire) == 0;
        unseen && receiver.round()
    });
}
