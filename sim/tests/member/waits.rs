//! What writes wait for adds up.

use std::sync::Arc;
use std::time::Duration;

use braid_core::api::{PutRequest, Request};
use braid_core::ids::CoreId;
use braid_core::limits::Limits;
use braid_core::machine::CoreConfig;
use braid_core::stages::{StageTimes, Wait};
use braid_sim::disk::Disk;
use braid_sim::member::{Member, Options};
use braid_sim::model::random::Random;

const CORE: CoreId = CoreId(0);

/// Puts `writes` keys at once; what they have waited for.
fn wait_of(writes: usize) -> Arc<StageTimes> {
    let mut random = Random::new(3);
    let drawn = Options::draw(&mut random);
    let core = CoreConfig { limits: Limits::DEFAULT, ..drawn.core };
    let options = Options { cores: 1, core, ..drawn };
    let mut member = Member::start(&options, Disk::default(), random)
        .expect("an empty disk can be started from");
    let times = Arc::new(StageTimes::default());
    member.measure(CORE, times.clone());
    for number in 0..writes {
        let key = format!("key-{number}").into();
        let put = PutRequest { key, value: "value".into(), ..PutRequest::default() };
        member.call(CORE, Request::Put(put));
    }
    let mut answered = 0;
    while answered < writes {
        assert!(member.advance(), "the engine stands still");
        while member.poll_told().is_some() {
            answered += 1;
        }
    }
    times
}

#[test]
fn one_core_waits_for_its_batch_and_its_sync_and_for_no_watermark() {
    // Evaluated in several steps, between which others have their turn.
    let times = wait_of(4 * Limits::DEFAULT.evaluations_per_step);
    assert!(times.wait(Wait::Batch) > Duration::ZERO);
    assert_eq!(times.wait(Wait::Commit), times.wait(Wait::Batch) + times.wait(Wait::Sync));
}

#[test]
fn what_is_evaluated_in_one_step_waits_for_no_batch() {
    let times = wait_of(1);
    assert_eq!(times.wait(Wait::Batch), Duration::ZERO);
    assert!(times.wait(Wait::Sync) > Duration::ZERO);
    assert_eq!(times.wait(Wait::Commit), times.wait(Wait::Sync));
}
