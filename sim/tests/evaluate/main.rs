//! The engine's rules against the model of etcd: the same random requests, the same answers.

mod fence;
mod store;

use std::collections::BTreeSet;

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_sim::model::Model;
use braid_sim::model::generate::{Generator, Hints};
use store::Store;

const SEEDS: u64 = 200;
const REQUESTS: usize = 250;
/// Low, so that random transactions pass it now and then.
const MAX_TXN_OPS: usize = 5;

/// What happened in a run, to see that the requests reach everything.
#[derive(Default)]
struct Seen {
    errors: BTreeSet<String>,
    written_txns: usize,
    cold_reads: usize,
}

fn run(seed: u64, seen: &mut Seen) {
    let mut generator = Generator::new(seed);
    let mut model = Model::new(MAX_TXN_OPS);
    let mut store = Store::new(seed, MAX_TXN_OPS);
    for step in 0..REQUESTS {
        let request =
            generator.request(Hints { revision: model.revision(), compacted: model.compacted() });
        let before = model.revision();
        let wanted = model.apply(&request);
        let got = store.apply(&request);
        assert_eq!(
            got, wanted,
            "step {step} of seed {seed}: {request:#?}\n\
             replay: BRAID_SEED={seed} cargo test -p braid-sim --test evaluate"
        );
        note(seen, &request, &wanted, model.revision() > before);
    }
    seen.cold_reads += store.cold_reads;
    assert_eq!(store.revision(), model.revision(), "seed {seed}");
}

fn note(seen: &mut Seen, request: &Request, answer: &Result<Response, Error>, changed: bool) {
    if let Err(error) = answer {
        seen.errors.insert(format!("{error:?}"));
    }
    seen.written_txns += usize::from(changed && matches!(request, Request::Txn(_)));
}

#[test]
fn random_requests_have_the_answers_of_the_model() {
    let mut seen = Seen::default();
    if let Ok(seed) = std::env::var("BRAID_SEED") {
        run(seed.parse().unwrap(), &mut seen);
        return;
    }
    (0..SEEDS).for_each(|seed| run(seed, &mut seen));
    let every_error = [
        Error::KeyNotProvided,
        Error::KeyNotFound,
        Error::ValueProvided,
        Error::LeaseProvided,
        Error::TooManyOps,
        Error::DuplicateKey,
        Error::InvalidSortOption,
        Error::Compacted,
        Error::FutureRevision,
        Error::LeaseTtlTooLarge,
        Error::LeaseNotFound,
        Error::LeaseExists,
    ];
    assert_eq!(seen.errors, every_error.iter().map(|error| format!("{error:?}")).collect());
    assert!(seen.written_txns > 500, "only {} transactions wrote", seen.written_txns);
    assert!(seen.cold_reads > 500, "only {} values were fetched", seen.cold_reads);
}
