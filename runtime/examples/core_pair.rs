//! What waking a core costs, and what two idle ones do: `core_pair [seconds of idling]`.
//!
//! For several spin times: the round trip of a message between two cores that answer at once, the
//! same between two that have slept for 2 ms, and the processor time of a pair that only has a
//! timer every 100 or 500 ms.

use std::time::Duration;

use braid_runtime::clock::{self, Clock};
use braid_runtime::cpus::processor_time;
use braid_runtime::executors::{Options, start};
use braid_runtime::mailbox::{CoreEnd, mailboxes};
use braid_storage::ids::CoreId;

const ROUNDS: usize = 2000;

fn main() {
    let seconds = std::env::args().nth(1).map_or(5, |text| text.parse().expect("seconds"));
    for spin in [0, 20, 50, 100] {
        let options = Options { spin: Duration::from_micros(spin), ..Options::for_cores(2) };
        println!("spin {spin} us");
        round_trips(&options, Duration::ZERO, "answering at once");
        round_trips(&options, Duration::from_millis(2), "asleep for 2 ms");
        for interval in [100, 500] {
            idle(&options, Duration::from_millis(interval), Duration::from_secs(seconds));
        }
    }
}

fn round_trips(options: &Options, pause: Duration, what: &'static str) {
    let executors = start(options, mailboxes(2, 64), move |core, end| async move {
        match core.0 {
            0 => report(&serve(end, pause).await, what),
            _ => answer(end).await,
        }
    });
    executors.expect("two processors").join();
}

/// Sends and waits for the answer, with a pause before each; the times in microseconds.
async fn serve(mut end: CoreEnd<bool>, pause: Duration) -> Vec<f64> {
    let clock = Clock::start();
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        if !pause.is_zero() {
            clock::sleep(pause).await;
        }
        let sent = clock.now();
        end.try_send(CoreId(1), round + 1 < ROUNDS).expect("room");
        receive(&mut end).await;
        times.push((clock.now() - sent).as_secs_f64() * 1e6);
    }
    times
}

async fn answer(mut end: CoreEnd<bool>) {
    let mut more = true;
    while more {
        more = receive(&mut end).await;
        end.try_send(CoreId(0), more).expect("room");
    }
    end.announce();
}

async fn receive(end: &mut CoreEnd<bool>) -> bool {
    let mut mail = Vec::new();
    loop {
        end.drain(&mut mail, 1);
        if let Some((_, message)) = mail.pop() {
            return message;
        }
        end.wait().await;
    }
}

fn report(times: &[f64], what: &str) {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[times.len() * share / 100];
    println!("  round trip, {what}: p50 {:.1} us, p99 {:.1} us", at(50), at(99));
}

fn idle(options: &Options, interval: Duration, duration: Duration) {
    let executors = start(options, vec![(); 2], move |core, ()| async move {
        let clock = Clock::start();
        let before = processor_time().expect("getrusage");
        while clock.now() < duration {
            clock::sleep(interval).await;
        }
        let spent = processor_time().expect("getrusage") - before;
        let share = spent.as_secs_f64() / clock.now().as_secs_f64();
        if core.0 == 0 {
            println!("  idle, timer every {interval:?}: {:.3} % of a processor", share * 100.0);
        }
    });
    executors.expect("two processors").join();
}
