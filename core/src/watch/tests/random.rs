//! The main proof: random worlds, in which every client gets exactly its part of the history.

use proptest::prelude::*;

use super::model::{OWNERS, World};
use super::*;

/// One thing that happens; numbers stand for whatever is there when it does.
#[derive(Clone, Debug)]
enum Op {
    Write(Vec<u8>),
    Commit { owner: usize, is_cold: bool },
    Agree(usize),
    Deliver(usize),
    Advance { one: bool },
    Answer(u8),
    Open,
    Close(u8),
    Create(u8, Wish),
    Cancel(u8, i64),
    Progress(u8),
    Read { stream: u8, responses: u8 },
    Tick,
    Compact(u8),
    EndEpoch,
}

#[derive(Clone, Debug)]
struct Wish {
    keys: (u8, u8),
    start: u8,
    flags: u8,
    id: u8,
}

fn op() -> impl Strategy<Value = Op> {
    let owner = 0..OWNERS;
    prop_oneof![
        12 => prop::collection::vec(any::<u8>(), 1..4).prop_map(Op::Write),
        24 => (owner.clone(), prop::bool::weighted(0.2))
            .prop_map(|(owner, is_cold)| Op::Commit { owner, is_cold }),
        9 => owner.clone().prop_map(Op::Agree),
        8 => owner.prop_map(Op::Deliver),
        8 => any::<bool>().prop_map(|one| Op::Advance { one }),
        8 => any::<u8>().prop_map(Op::Answer),
        2 => Just(Op::Open),
        1 => any::<u8>().prop_map(Op::Close),
        6 => (any::<u8>(), wish()).prop_map(|(stream, wish)| Op::Create(stream, wish)),
        2 => (any::<u8>(), 0..4i64).prop_map(|(stream, id)| Op::Cancel(stream, id)),
        3 => any::<u8>().prop_map(Op::Progress),
        12 => (any::<u8>(), 1..8u8)
            .prop_map(|(stream, responses)| Op::Read { stream, responses }),
        2 => Just(Op::Tick),
        1 => (0..12u8).prop_map(Op::Compact),
        1 => Just(Op::EndEpoch),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    ((0..6u8, 0..8u8), 0..40u8, any::<u8>(), 0..6u8).prop_map(|(keys, start, flags, id)| Wish {
        keys,
        start,
        flags,
        id,
    })
}

/// Bounds from roomy down to what forces every way of falling behind.
fn config() -> impl Strategy<Value = (WatchConfig, usize)> {
    let some = prop::sample::select;
    let sizes = (
        some(vec![1, 800, 3000, 1 << 20]),
        some(vec![1, 600, 1 << 20]),
        some(vec![1, 900, 1 << 20]),
        some(vec![1, 1200, 1 << 20]),
        some(vec![1, 2000, 1 << 20]),
    );
    let counts = (1..4usize, 1..5usize, some(vec![1, 10, 1000]));
    (sizes, counts, some(vec![1, 4, 1000])).prop_map(|(sizes, counts, mail)| {
        let config = WatchConfig {
            stream_bytes: sizes.0,
            response_bytes: sizes.1,
            live_bytes: sizes.2,
            recent_bytes: sizes.3,
            hub_bytes: sizes.4,
            fragment_bytes: FRAGMENT_BYTES,
            queries: counts.0,
            query_events: counts.1,
            work_per_step: counts.2,
            ..WatchConfig::default()
        };
        (config, mail)
    })
}

impl Wish {
    fn create(&self, world: &World) -> WatchCreate {
        let key = |number: u8| Bytes::copy_from_slice(&[b'a' + number]);
        let range_end = match self.keys.1 {
            0 | 1 => Bytes::new(),
            2 => Bytes::from_static(b"\0"),
            other => key(other),
        };
        WatchCreate {
            key: key(self.keys.0),
            range_end,
            start_revision: world.start(self.start),
            progress_notify: self.flags & 1 != 0,
            no_put: self.flags & 6 == 2,
            no_delete: self.flags & 6 == 4,
            prev_kv: self.flags & 8 != 0,
            fragment: self.flags & 16 != 0,
            watch_id: i64::from(self.id.saturating_sub(3)),
        }
    }
}

impl World {
    fn run(&mut self, op: Op) {
        match op {
            Op::Write(keys) => self.write(&keys),
            Op::Commit { owner, is_cold } => self.commit(owner, is_cold),
            Op::Agree(owner) => self.agree(owner),
            Op::Deliver(owner) => self.deliver(owner),
            Op::Advance { one } => self.advance(one),
            Op::Answer(number) => self.answer(number),
            Op::Open => self.open(),
            Op::Tick => self.tick(),
            Op::Compact(back) => self.compact(back),
            Op::EndEpoch => self.end_epoch(),
            Op::Close(number)
            | Op::Create(number, _)
            | Op::Cancel(number, _)
            | Op::Progress(number)
            | Op::Read { stream: number, .. } => {
                if let Some(stream) = self.stream(number) {
                    self.run_on(stream, op);
                }
            }
        }
    }

    fn run_on(&mut self, stream: StreamId, op: Op) {
        match op {
            Op::Create(_, wish) => {
                let create = wish.create(self);
                self.request(stream, WatchRequest::Create(create));
            }
            Op::Cancel(_, watch_id) => self.request(stream, WatchRequest::Cancel { watch_id }),
            Op::Progress(_) => self.request(stream, WatchRequest::Progress),
            Op::Read { responses, .. } => {
                (0..responses).for_each(|_| _ = self.read(stream));
            }
            _ => self.close(stream),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_client_gets_its_part_of_the_history(
        (config, mail) in config(),
        ops in prop::collection::vec(op(), 1..400),
    ) {
        let mut world = World::new(config, mail);
        world.open();
        for op in ops {
            world.run(op);
        }
        world.settle();
        world.check_complete();
        world.check_empty();
    }
}
