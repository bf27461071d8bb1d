//! Every interleaving of the parking handshake: no wake-up is lost.
//!
//! The module under test is compiled a second time, with the checker's atomics.

mod atomics {
    pub use loom::sync::atomic::{AtomicU32, Ordering, fence};
}

#[path = "../src/parking.rs"]
mod parking;

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use parking::Parking;

/// What two cores share: the cell, a word of work, and the times that a sender rang.
struct Shared {
    parking: Parking,
    work: AtomicU32,
    woken: AtomicU32,
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared { parking: Parking::new(), work: AtomicU32::new(0), woken: AtomicU32::new(0) })
}

/// A round of the receiver. True if it went to sleep having seen less than `expected`.
fn sleeps_without(shared: &Shared, expected: u32, recheck: bool) -> bool {
    shared.parking.run();
    let seen = shared.work.load(Ordering::Acquire);
    if seen >= expected || !shared.parking.park() {
        return false;
    }
    !recheck || shared.work.load(Ordering::Acquire) < expected
}

fn model(senders: u32, send: fn(&Shared), recheck: bool) {
    loom::model(move || {
        let shared = shared();
        let threads: Vec<_> = (0..senders)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || send(&shared))
            })
            .collect();
        let asleep = sleeps_without(&shared, senders, recheck);
        for thread in threads {
            thread.join().expect("the sender ends");
        }
        let woken = shared.woken.load(Ordering::SeqCst);
        assert!(!asleep || woken > 0, "asleep with work to do");
        assert!(woken <= 1, "woken {woken} times for one sleep");
    });
}

fn publish(shared: &Shared) {
    shared.work.fetch_add(1, Ordering::Release);
    if shared.parking.published() {
        shared.woken.fetch_add(1, Ordering::SeqCst);
    }
}

fn raise(shared: &Shared) {
    shared.work.fetch_add(1, Ordering::Release);
    if shared.parking.signal() {
        shared.woken.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn published_work_is_never_slept_over() {
    model(1, publish, true);
    model(2, publish, true);
}

#[test]
fn a_signal_is_never_slept_over_even_without_a_second_look() {
    model(1, raise, false);
    model(2, raise, false);
}

#[test]
#[should_panic(expected = "asleep with work to do")]
fn the_model_finds_a_missing_second_look() {
    model(1, publish, false);
}
