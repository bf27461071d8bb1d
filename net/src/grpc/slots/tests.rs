use std::sync::atomic::AtomicU32;

use super::*;

#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A call that ends once it was polled `left` times, and notes when it was.
struct Counted {
    name: u32,
    left: u32,
    waker: Option<Waker>,
}

fn counted(name: u32, left: u32) -> Counted {
    Counted { name, left, waker: None }
}

/// Polls everything that is woken; the names of the calls in order.
fn turn(slots: &mut Slots<Counted>, task: &Arc<Wakes>) -> Vec<u32> {
    let mut polled = Vec::new();
    let waker = Waker::from(Arc::clone(task));
    let poll = |call: &mut Counted, context: &mut Context<'_>| {
        polled.push(call.name);
        call.waker = Some(context.waker().clone());
        call.left -= 1;
        if call.left == 0 { Poll::Ready(()) } else { Poll::Pending }
    };
    slots.poll_woken(&mut Context::from_waker(&waker), poll, || true);
    polled
}

fn wake(slots: &Slots<Counted>, name: u32) {
    let call = slots.iter().find(|call| call.name == name).expect("in flight");
    call.waker.as_ref().expect("polled before").wake_by_ref();
}

#[test]
fn only_woken_calls_are_polled_in_the_order_of_their_waking() {
    let (mut slots, task) = (Slots::default(), Arc::default());
    (0..4).for_each(|name| slots.insert(counted(name, 2)));
    assert_eq!(turn(&mut slots, &task), [0, 1, 2, 3]);
    assert_eq!(turn(&mut slots, &task), [0; 0]);
    wake(&slots, 3);
    wake(&slots, 1);
    wake(&slots, 3);
    assert_eq!(turn(&mut slots, &task), [3, 1]);
    assert_eq!(slots.len(), 2);
}

#[test]
fn a_batch_of_wakings_wakes_the_task_once() {
    let (mut slots, task) = (Slots::default(), Arc::<Wakes>::default());
    (0..3).for_each(|name| slots.insert(counted(name, 9)));
    turn(&mut slots, &task);
    (0..3).for_each(|name| wake(&slots, name));
    assert_eq!(task.0.load(Ordering::SeqCst), 1);
    turn(&mut slots, &task);
    wake(&slots, 0);
    assert_eq!(task.0.load(Ordering::SeqCst), 2);
}

#[test]
fn an_old_waker_of_a_slot_that_was_reused_does_no_harm() {
    let (mut slots, task) = (Slots::default(), Arc::default());
    slots.insert(counted(1, 2));
    turn(&mut slots, &task);
    let old = slots.iter().next().and_then(|call| call.waker.clone()).expect("polled");
    wake(&slots, 1);
    assert_eq!(turn(&mut slots, &task), [1]);
    old.wake_by_ref();
    assert_eq!(turn(&mut slots, &task), [0; 0], "nobody is there");
    slots.insert(counted(2, 5));
    turn(&mut slots, &task);
    old.wake();
    assert_eq!(turn(&mut slots, &task), [2], "polled once too often, which is allowed");
}

#[test]
fn calls_that_may_not_go_on_wait_for_the_next_turn() {
    let mut slots = Slots::default();
    (0..3).for_each(|name| slots.insert(counted(name, 1)));
    let mut allowed = 2;
    let go_on = || {
        allowed -= 1;
        allowed >= 0
    };
    let waker = Waker::noop();
    slots.poll_woken(&mut Context::from_waker(waker), |_, _| Poll::Ready(()), go_on);
    assert!(slots.has_woken());
    assert_eq!(slots.len(), 1);
    assert_eq!(turn(&mut slots, &Arc::default()), [2]);
}

#[test]
fn after_a_burst_the_slots_start_anew() {
    let (mut slots, task) = (Slots::default(), Arc::default());
    for name in 0..2 * SPARE_SLOTS as u32 {
        slots.insert(counted(name, 1));
    }
    assert_eq!(turn(&mut slots, &task).len(), 2 * SPARE_SLOTS);
    assert_eq!((slots.len(), slots.entries.len()), (0, 0));
    slots.insert(counted(7, 1));
    assert_eq!(turn(&mut slots, &task), [7]);
}
