use super::*;
use crate::mailbox::{CoreEnd, mailboxes};
use std::sync::{Arc, Mutex};

fn cores() -> usize {
    cpus::allowed().unwrap().len().min(2)
}

#[test]
fn every_core_runs_on_a_processor_of_its_own() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let states = vec![seen.clone(); cores()];
    let executors = start(&Options::for_cores(cores()), states, |core, seen| async move {
        let name = thread::current().name().unwrap().to_string();
        seen.lock().unwrap().push((core, name, cpus::allowed().unwrap()));
    });
    executors.unwrap().join();
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    let masks: Vec<_> = seen.iter().map(|(_, _, mask)| mask.clone()).collect();
    assert!(masks.iter().all(|mask| mask.len() == 1), "{masks:?}");
    assert!(masks.windows(2).all(|pair| pair[0] != pair[1]), "{masks:?}");
    assert_eq!(seen[0].1, "core-0");
}

#[test]
fn cores_run_where_they_are_told_to() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let last = *cpus::allowed().unwrap().last().unwrap();
    let options = Options { cpus: vec![last], ..Options::for_cores(1) };
    let executors = start(&options, vec![seen.clone()], |_, seen| async move {
        seen.lock().unwrap().extend(cpus::allowed().unwrap());
    });
    executors.unwrap().join();
    assert_eq!(*seen.lock().unwrap(), [last]);
}

#[test]
fn more_cores_than_processors_are_refused() {
    let allowed = cpus::allowed().unwrap().len();
    let states = vec![(); allowed + 1];
    let result = start(&Options::for_cores(1), states, |_, ()| async { unreachable!() });
    let error = result.unwrap_err();
    assert!(matches!(error, StartError::TooFewCpus { .. }), "{error}");
    assert!(error.to_string().contains(&format!("{} cores were asked for", allowed + 1)));
}

#[test]
fn nothing_runs_when_a_core_cannot_start() {
    let options = Options { ring_depth: 1 << 30, ..Options::for_cores(1) };
    let result = start(&options, vec![()], |_, ()| async { unreachable!() });
    let error = result.unwrap_err();
    assert!(matches!(error, StartError::Core { core: CoreId(0), .. }), "{error}");
}

#[test]
fn registered_memory_fits_the_limit() {
    assert_eq!(io_memory(1, u64::MAX), 4 << 20);
    assert_eq!(io_memory(2, 8 << 20), 512 << 10);
    assert_eq!(io_memory(64, 8 << 20), 64 << 10);
    assert_eq!(io_memory(1, 0), 64 << 10);
    for cores in 1..8 {
        let limit = 8 << 20;
        assert!(io_memory(cores, limit) as u64 * RINGS * cores as u64 <= limit);
    }
}

const ROUNDS: u64 = 4_000;

/// Plays ball: core 0 serves, both return until the count is reached.
async fn rally(core: CoreId, mut end: CoreEnd<u64>, pause: Duration) {
    let other = CoreId(1 - core.0);
    let mut mail = Vec::new();
    let mut last = 0;
    if core.0 == 0 {
        end.try_send(other, 1).unwrap();
    }
    while last < ROUNDS {
        end.drain(&mut mail, 16);
        for (from, count) in mail.drain(..) {
            assert_eq!((from, count > last), (other, true));
            last = count;
            if count < ROUNDS + 1 {
                end.try_send(other, count + 1).unwrap();
            }
            if count % 500 == 0 {
                clock::sleep(pause).await;
            }
        }
        if last < ROUNDS {
            end.wait().await;
        }
    }
    end.announce();
}

/// A lost wake-up would hang this test: each core parks between any two messages, and the pauses
/// let it reach the kernel.
#[test]
fn mail_wakes_sleeping_executors() {
    if cores() < 2 {
        return;
    }
    for spin in [Duration::ZERO, Duration::from_micros(50)] {
        let options = Options { spin, ..Options::for_cores(2) };
        let executors = start(&options, mailboxes(2, 4), |core, end| {
            rally(core, end, Duration::from_millis(1))
        });
        executors.unwrap().join();
    }
}
