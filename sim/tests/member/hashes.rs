//! Checksums beside compactions: equal ones are about equal history, whichever cores have heard of
//! the compaction already.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{CompactRequest, PutRequest, Request, Response};
use braid_core::ids::CoreId;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options, Told};
use braid_sim::model::random::Random;

use crate::seeds::each_seed;

const KEYS: u64 = 8;
const WRITES: u64 = 30;
const ROUNDS: i64 = 6;
const SETTLED: Duration = Duration::from_secs(10);

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let options = Options::draw(&mut random).disturbed(&mut random);
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .expect("an empty disk can be started from");
    for _ in 0..WRITES {
        let key = random.below(KEYS).to_string().into();
        let put = PutRequest { key, ..PutRequest::default() };
        member.execute(CoreId(0), Request::Put(put)).expect("there is room");
    }
    let mut hashes = BTreeMap::new();
    for round in 1..=ROUNDS {
        let revision = 1 + round * WRITES as i64 / ROUNDS;
        let compact = Request::Compact(CompactRequest { revision, physical: random.one_in(2) });
        let hash = Request::HashKv { revision };
        for request in [hash.clone(), compact, hash.clone(), hash] {
            let core = CoreId(random.below(u64::from(member.cores())) as u16);
            member.call(core, request);
            for _ in 0..random.below(30) {
                member.advance();
            }
        }
        compare(&mut member, &mut hashes);
    }
}

/// Waits for all answers, and compares the checksums in them with those of the same history.
fn compare(member: &mut Member, hashes: &mut BTreeMap<(i64, i64), u32>) {
    let until = member.now() + SETTLED;
    while member.advance_before(until) {
        while let Some(told) = member.poll_told() {
            if let Told::Answer(
                ..,
                Ok(Response::HashKv { hash, compact_revision, hash_revision, .. }),
            ) = told
            {
                let of = (hash_revision, compact_revision);
                let wanted = *hashes.entry(of).or_insert(hash);
                assert_eq!(wanted, hash, "of revision and compaction {of:?}");
            }
        }
    }
}

#[test]
fn checksums_are_not_torn_by_a_compaction() {
    each_seed("checksums_are_not_torn_by_a_compaction", 60, run);
}
