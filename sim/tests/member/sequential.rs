//! One client, one request at a time, on any core: every answer is the model's.

use braid_core::api::Response;
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options};
use braid_sim::model::Model;
use braid_sim::model::generate::{Generator, Hints};
use braid_sim::model::random::Random;

use crate::seeds::each_seed;

const REQUESTS: usize = 150;

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let options = Options::draw(&mut random);
    let mut model = Model::new(options.core.max_txn_ops);
    let mut generator = Generator::new(random.next_u64());
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .expect("an empty disk can be started from");
    for step in 0..REQUESTS {
        let hints = Hints { revision: model.revision(), compacted: model.compacted() };
        let request = generator.request(hints);
        let core = CoreId(random.below(u64::from(options.cores)) as u16);
        let wanted = model.apply(&request);
        let got = member.execute(core, request.clone());
        let got = without_time(got, &wanted);
        assert_eq!(got, wanted, "seed {seed}, step {step}, {core:?}: {request:#?}\n{options:#?}");
    }
}

/// The model knows no time: a little less than what the lease was granted is as good.
fn without_time(
    got: Result<Response, Error>,
    wanted: &Result<Response, Error>,
) -> Result<Response, Error> {
    match (got, wanted) {
        (
            Ok(Response::LeaseTimeToLive { revision, ttl, granted_ttl, keys }),
            Ok(Response::LeaseTimeToLive { ttl: full, .. }),
        ) if (full - 10..*full).contains(&ttl) && ttl > 0 => {
            Ok(Response::LeaseTimeToLive { revision, ttl: *full, granted_ttl, keys })
        }
        (got, _) => got,
    }
}

#[test]
fn one_client_gets_the_answers_of_the_model() {
    each_seed("one_client_gets_the_answers_of_the_model", 300, run);
}
