//! Mailboxes, one step after the other. What holds while cores run at once is `mailbox_model.rs`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use braid_runtime::mailbox::{CoreEnd, mailboxes};
use braid_storage::ids::CoreId;

const A: CoreId = CoreId(0);
const B: CoreId = CoreId(1);
const C: CoreId = CoreId(2);

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls `end` and says whether it was ready, and how often its task has been woken since then.
fn poll(end: &mut CoreEnd<u32>) -> (bool, impl Fn() -> usize + use<>) {
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let ready = end.poll_ready(&mut Context::from_waker(&waker)).is_ready();
    (ready, move || counter.0.load(Ordering::SeqCst))
}

fn drained(end: &mut CoreEnd<u32>, max: usize) -> Vec<(CoreId, u32)> {
    let mut messages = Vec::new();
    end.drain(&mut messages, max);
    messages
}

fn three() -> [CoreEnd<u32>; 3] {
    mailboxes(3, 4).try_into().expect("three ends")
}

#[test]
fn order_of_one_sender_is_kept() {
    let [mut a, mut b, mut c] = three();
    for message in 0..3 {
        a.try_send(B, message).unwrap();
        c.try_send(B, message + 10).unwrap();
    }
    let messages = drained(&mut b, 100);
    let of = |core| messages.iter().filter(move |(from, _)| *from == core).map(|(_, m)| *m);
    assert!(of(A).eq(0..3));
    assert!(of(C).eq(10..13));
}

#[test]
fn a_full_mailbox_gives_the_message_back() {
    let [mut a, mut b, _c] = three();
    assert_eq!(a.room(B), 4);
    for message in 0..4 {
        a.try_send(B, message).unwrap();
    }
    assert_eq!(a.try_send(B, 9), Err(9));
    assert_eq!(a.room(B), 0);
    assert_eq!(a.try_send(C, 9), Ok(()));
    assert_eq!(drained(&mut b, 1), [(A, 0)]);
    assert_eq!(a.try_send(B, 9), Ok(()));
}

#[test]
fn a_small_drain_serves_every_sender_in_turn() {
    let [mut a, mut b, mut c] = three();
    for message in 0..4 {
        a.try_send(B, message).unwrap();
        c.try_send(B, message).unwrap();
    }
    let senders: Vec<_> = (0..6).map(|_| drained(&mut b, 1)[0].0).collect();
    assert!(senders.contains(&A) && senders.contains(&C), "{senders:?}");
}

#[test]
fn a_parked_core_is_woken_once_for_a_batch() {
    let [mut a, mut b, mut c] = three();
    let (ready, wakes) = poll(&mut b);
    assert!(!ready);
    a.try_send(B, 1).unwrap();
    a.try_send(B, 2).unwrap();
    assert_eq!(wakes(), 0);
    a.announce();
    c.try_send(B, 3).unwrap();
    c.announce();
    assert_eq!(wakes(), 1);
}

#[test]
fn a_running_core_is_not_woken_but_does_not_park_over_mail() {
    let [mut a, mut b, _c] = three();
    let (_, wakes) = poll(&mut b);
    assert_eq!(drained(&mut b, 9), []);
    a.try_send(B, 1).unwrap();
    a.announce();
    assert_eq!(wakes(), 0);
    assert!(poll(&mut b).0);
    assert_eq!(drained(&mut b, 9), [(A, 1)]);
    assert!(!poll(&mut b).0);
}

#[test]
fn a_bell_wakes_a_parked_core_and_keeps_a_running_one_up() {
    let [a, mut b, _c] = three();
    let (_, wakes) = poll(&mut b);
    a.bells().wake(B);
    a.bells().wake(B);
    assert_eq!(wakes(), 1);
    drained(&mut b, 9);
    a.bells().wake(B);
    assert!(poll(&mut b).0);
    drained(&mut b, 9);
    assert!(!poll(&mut b).0);
}

#[test]
fn parking_announces_what_was_sent() {
    let [mut a, mut b, _c] = three();
    let (_, wakes) = poll(&mut b);
    a.try_send(B, 1).unwrap();
    let _ = poll(&mut a);
    assert_eq!(wakes(), 1);
}

#[test]
#[should_panic(expected = "a core keeps what it would send to itself")]
fn a_core_has_no_mailbox_to_itself() {
    let [mut a, ..] = three();
    let _ = a.try_send(A, 1);
}
