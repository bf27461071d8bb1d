//! Cores that sleep and are woken: a watcher hears of a write although nothing else happens
//! afterwards, and one that waits for the future keeps nobody busy.

use std::time::Duration;

use braid_core::api::{PutRequest, Request, WatchCreate, WatchRequest};
use braid_core::ids::CoreId;
use braid_core::port::Incoming;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const WRITES: u64 = 4;
/// Nobody may need as long as this for an event.
const QUIET: Duration = Duration::from_secs(5);

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let mut options = Options::draw(&mut random).disturbed(&mut random);
    // Nothing but the writes may wake a core.
    options.core.watch.progress_interval = Duration::from_secs(1_000_000);
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .expect("an empty disk can be started from");
    let cores = u64::from(member.cores());
    let mut any_core = || CoreId(random.below(cores) as u16);
    let everything = Bytes::from_static(b"\0");
    let (watching, key, range_end) = (any_core(), everything.clone(), everything);
    let stream = member.open_watch(watching);
    let create = WatchCreate { key, range_end, start_revision: 2, ..WatchCreate::default() };
    member.watch(watching, stream, WatchRequest::Create(create));
    for write in 1..=WRITES {
        let key = format!("{}", random.below(50)).into();
        let put = Request::Put(PutRequest { key, ..PutRequest::default() });
        let core = CoreId(random.below(cores) as u16);
        member.call(core, put);
        hear(&mut member, write);
    }
}

/// Lets things happen until the watcher was told of so many writes as there are by now.
fn hear(member: &mut Member, write: u64) {
    let deadline = member.now() + QUIET;
    let mut told = 0;
    while told < write + 1 {
        match member.poll_told() {
            Some(Told::Watch(core, stream, responses)) => {
                member.submit(core, Incoming::WatchTaken(stream));
                let events = responses.response.events.iter();
                told = events.map(|event| event.kv.mod_revision.0).max().unwrap_or(told);
            }
            Some(_) => {}
            None => assert!(member.advance_before(deadline), "nobody tells of write {write}"),
        }
    }
}

#[test]
fn a_watcher_hears_of_the_last_write() {
    each_seed("a_watcher_hears_of_the_last_write", 300, run);
}

/// A watcher of what is still to come, with progress to tell now and then, and nothing else.
fn wait_for_the_future(seed: u64) {
    let mut random = Random::new(seed);
    let mut options = Options::draw(&mut random).disturbed(&mut random);
    options.core.watch.progress_interval = Duration::from_millis(random.pick(&[1, 20, 300]));
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .expect("an empty disk can be started from");
    let core = CoreId(random.below(u64::from(member.cores())) as u16);
    let stream = member.open_watch(core);
    let create = WatchCreate {
        key: Bytes::from_static(b"key"),
        start_revision: 2 + random.below(5) as i64,
        progress_notify: true,
        ..WatchCreate::default()
    };
    member.watch(core, stream, WatchRequest::Create(create));
    let until = member.now() + QUIET;
    // The driver fails a core that has nothing to do and does not sleep.
    while member.advance_before(until) {
        while let Some(output) = member.poll_told() {
            if let Told::Watch(core, stream, told) = output {
                member.submit(core, Incoming::WatchTaken(stream));
                assert!(told.response.events.is_empty(), "{told:?}");
            }
        }
    }
}

#[test]
fn a_watcher_of_the_future_lets_its_core_sleep() {
    each_seed("a_watcher_of_the_future_lets_its_core_sleep", 100, wait_for_the_future);
}
