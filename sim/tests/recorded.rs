//! What clients of a simulated member write down, over crashes and restarts, is judged as any
//! other history.

use std::time::Duration;

use braid_core::api::{CompactRequest, PutRequest, Request, WatchCreate};
use braid_core::ids::{CoreId, LeaseId};
use braid_judge::judge;
use braid_judge::order::SEARCH_STEPS_MAX;
use braid_judge::reader::assemble;
use braid_judge::record::write;
use braid_judge::verdict::Check;
use braid_judge::wire::Line;
use braid_sim::disk::{Crash, Disk};
use braid_sim::member::{Member, Options};
use braid_sim::model::generate::{Generator, Hints};
use braid_sim::model::random::Random;
use braid_sim::recorded::{Record, Recorded};
use bytes::Bytes;

const SEEDS: u64 = 60;
const LIVES: usize = 3;
const STEPS: usize = 1500;
/// A crash leaves no more calls without an answer than the judge can try out.
const UNDER_WAY_MAX: usize = 12;
/// Nobody waits for what happens later, as the end of a lease of many years.
const SOON: Duration = Duration::from_secs(2);
/// Nothing takes longer than this, leases of two seconds included.
const SETTLED: Duration = Duration::from_secs(15);

/// The history that clients write while a seed goes its way.
fn history(seed: u64) -> Vec<Line> {
    let mut random = Random::new(seed);
    let mut disk = Disk::default();
    let mut record = Record::new(Options::draw(&mut random).core.max_txn_ops);
    for _ in 1..LIVES {
        let mut recorded = start(disk, record, &mut random);
        run(&mut recorded, &mut random);
        let crash = random.pick(&[Crash::Kill, Crash::PowerLoss]);
        (disk, record) = recorded.crash(crash);
    }
    let mut recorded = start(disk, record, &mut random);
    run(&mut recorded, &mut random);
    settle(&mut recorded, SETTLED);
    recorded.finish()
}

fn start(disk: Disk, record: Record, random: &mut Random) -> Recorded {
    let options = Options::draw(random);
    let member = Member::start(&options, disk, Random::new(random.next_u64()));
    Recorded::new(member.expect("a crash leaves a disk that can be started from"), record)
}

fn run(recorded: &mut Recorded, random: &mut Random) {
    let mut generator = Generator::new(random.next_u64());
    let steps = random.below(STEPS as u64);
    for step in 0..steps {
        if random.one_in(12) && recorded.under_way() < UNDER_WAY_MAX {
            let core = CoreId(random.below(u64::from(recorded.cores())) as u16);
            let request = request(recorded, &mut generator, random);
            recorded.call(random.below(6), core, request);
        }
        if step % 400 == 0 {
            watch(recorded, &mut generator, random);
        }
        recorded.advance(recorded.life() + SOON);
    }
}

fn request(recorded: &Recorded, generator: &mut Generator, random: &mut Random) -> Request {
    let hints = Hints { revision: recorded.seen(), compacted: recorded.seen() as i64 / 2 };
    // Granted once each: short ones, which end.
    let lease = LeaseId(1000 + random.below(4) as i64 + recorded.life().as_millis() as i64);
    match random.below(30) {
        0 => Request::HashKv { revision: recorded.seen() as i64 },
        1 => Request::LeaseGrant { lease, ttl: 2 },
        2 => Request::LeaseTimeToLive { lease, keys: false },
        3..=5 => Request::Put(PutRequest { lease, ..generator.put() }),
        _ => match generator.request(hints) {
            // Beyond what the observer was told, nobody could say which writes were which.
            Request::Compact(compact) if compact.revision > recorded.observed() => {
                Request::Compact(CompactRequest { revision: recorded.observed(), ..compact })
            }
            request => request,
        },
    }
}

fn watch(recorded: &mut Recorded, generator: &mut Generator, random: &mut Random) {
    let delete = generator.delete();
    let everything = random.one_in(2) || delete.key.is_empty() || delete.range_end <= delete.key;
    let zero = Bytes::from_static(b"\0");
    let start = random.below(recorded.seen() + 3);
    let create = WatchCreate {
        key: if everything { zero.clone() } else { delete.key },
        range_end: if everything { zero } else { delete.range_end },
        start_revision: start as i64,
        prev_kv: random.one_in(2),
        no_put: random.one_in(8),
        no_delete: random.one_in(8),
        fragment: random.one_in(4),
        // A tick that has nothing to tell looks like a core that spins.
        progress_notify: start <= recorded.seen() && random.one_in(2),
        ..WatchCreate::default()
    };
    let core = CoreId(random.below(u64::from(recorded.cores())) as u16);
    recorded.watch(100 + random.below(6), core, create);
}

fn seeds() -> std::ops::Range<u64> {
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    match number("BRAID_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BRAID_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn recorded_lives_keep_every_promise() {
    let mut examined = 0;
    for seed in seeds() {
        println!("seed {seed}");
        let lines = history(seed);
        if let Some(path) = std::env::var_os("BRAID_HISTORY") {
            let file = std::fs::File::create(path).expect("a file for the history");
            write(&lines, file).expect("the history can be written");
        }
        let verdict = judge(&assemble(lines).expect("the lines fit"), SEARCH_STEPS_MAX);
        assert!(verdict.is_good(), "BRAID_SEED={seed}\n{verdict}");
        examined += verdict.examined(Check::DenseRevisions);
    }
    println!("{examined} revisions were judged");
    assert!(examined > 0);
}

/// Clients that revoke one lease at the same time delete its keys once.
#[test]
fn a_lease_that_many_revoke_ends_once() {
    let lease = LeaseId(5);
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let record = Record::new(Options::draw(&mut random).core.max_txn_ops);
        let mut recorded = start(Disk::default(), record, &mut random);
        recorded.call(1, CoreId(0), Request::LeaseGrant { lease, ttl: 600 });
        settle(&mut recorded, SOON);
        let key = Bytes::from_static(b"k");
        recorded.call(
            1,
            CoreId(0),
            Request::Put(PutRequest { key, lease, ..PutRequest::default() }),
        );
        settle(&mut recorded, SOON);
        for client in 1..=6 {
            recorded.call(client, CoreId(0), Request::LeaseRevoke { lease });
        }
        settle(&mut recorded, SOON);
        let verdict = judge(&assemble(recorded.finish()).expect("the lines fit"), 1000);
        assert!(verdict.is_good(), "seed {seed}\n{verdict}");
    }
}

fn settle(recorded: &mut Recorded, time: Duration) {
    let end = recorded.life() + time;
    while recorded.advance(end) {}
    assert_eq!(recorded.under_way(), 0, "never answered");
}

/// The judge must be able to fail on what the simulator tells.
#[test]
fn a_dropped_event_is_found() {
    let mut tried = 0;
    for seed in 0..20 {
        let mut lines = history(seed);
        if !drop_an_event(&mut lines) {
            continue;
        }
        tried += 1;
        let verdict = judge(&assemble(lines).expect("the lines fit"), SEARCH_STEPS_MAX);
        assert!(!verdict.is_good(), "seed {seed}\n{verdict}");
    }
    assert!(tried > 5, "{tried} histories had an event to drop");
}

/// Drops an event that another one follows in the same response.
fn drop_an_event(lines: &mut [Line]) -> bool {
    let told = lines.iter_mut().find_map(|line| match line {
        Line::Told { response, .. } if response.events.len() > 1 => Some(&mut response.events),
        _ => None,
    });
    told.map(|events| events.remove(0)).is_some()
}
