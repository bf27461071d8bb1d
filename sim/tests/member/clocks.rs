//! Clocks that run wrong, each core's in its own way: a lease ends by the clock of core 0 alone.

use std::time::Duration;

use braid_core::api::{PutRequest, Request, Response, WatchCreate, WatchRequest};
use braid_core::ids::{CoreId, LeaseId};
use braid_core::port::Incoming;
use braid_sim::disk::Disk;
use braid_sim::member::{Clock, DRIFT_PPM_MAX, Member, Options, Told};
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const LEASE: LeaseId = LeaseId(7);
const TTL: Duration = Duration::from_secs(8);
/// Until the end of a lease whose time is up is looked for, decided, written and told.
const LATE_MAX: Duration = Duration::from_secs(3);

struct Story {
    random: Random,
    member: Member,
}

impl Story {
    fn new(seed: u64) -> (Self, Clock) {
        let mut random = Random::new(seed);
        let mut options = Options::draw(&mut random);
        let mut clock =
            || Clock { gain_ppm: random.pick(&[-DRIFT_PPM_MAX, -500, 0, 500, DRIFT_PPM_MAX]) };
        options.clocks = (0..options.cores).map(|_| clock()).collect();
        let member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
            .expect("an empty disk can be started from");
        (Self { random, member }, options.clocks[0])
    }

    fn execute(&mut self, request: Request) -> Response {
        let core = self.any_core();
        self.member.execute(core, request).expect("the lease lives")
    }

    fn any_core(&mut self) -> CoreId {
        CoreId(self.random.below(u64::from(self.member.cores())) as u16)
    }

    /// A key that lives as long as the lease, and somebody who hears of its end.
    fn attach(&mut self) {
        let key = Bytes::from_static(b"key");
        self.execute(Request::LeaseGrant { lease: LEASE, ttl: TTL.as_secs() as i64 });
        let put = PutRequest { key: key.clone(), lease: LEASE, ..PutRequest::default() };
        self.execute(Request::Put(put));
        let core = self.any_core();
        let stream = self.member.open_watch(core);
        let create = WatchCreate { key, start_revision: 3, ..WatchCreate::default() };
        self.member.watch(core, stream, WatchRequest::Create(create));
    }

    /// Keeps the lease alive for some time; when that was asked for and answered last.
    fn keep_alive(&mut self) -> (Duration, Duration) {
        let mut asked = self.member.now();
        for _ in 0..self.random.below(4) {
            let pause = Duration::from_millis(self.random.below(6000));
            assert_eq!(self.end_before(self.member.now() + pause), None, "it ends early");
            asked = self.member.now();
            self.execute(Request::LeaseKeepAlive { lease: LEASE });
        }
        (asked, self.member.now())
    }

    /// When the key is gone, if that is before `until`.
    fn end_before(&mut self, until: Duration) -> Option<Duration> {
        while self.member.advance_before(until) {
            while let Some(output) = self.member.poll_told() {
                if let Told::Watch(core, stream, told) = output {
                    self.member.submit(core, Incoming::WatchTaken(stream));
                    if !told.response.events.is_empty() {
                        return Some(self.member.now());
                    }
                }
            }
        }
        self.member.wait_until(until);
        None
    }
}

fn run(seed: u64) {
    let (mut story, clock) = Story::new(seed);
    // The lease's time may run from before its grant is answered.
    let granted = story.member.now();
    story.attach();
    let (asked, answered) = story.keep_alive();
    let asked = if asked == answered { granted } else { asked };
    let end = story.end_before(answered + 2 * TTL).expect("the lease ends");
    let rate = 1.0 + f64::from(clock.gain_ppm) / 1e6;
    let life = TTL.div_f64(rate);
    assert!(end >= asked + life, "{clock:?}: kept alive at {asked:?}, over at {end:?}");
    assert!(end <= answered + life + LATE_MAX, "{clock:?}: answered {answered:?}, over {end:?}");
}

#[test]
fn a_lease_lives_by_one_clock() {
    each_seed("a_lease_lives_by_one_clock", 100, run);
}
