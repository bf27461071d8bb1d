//! One test for each fault of `docs/faults.md`: stories in which it happens in every life.

use braid_sim::disk::{Crash, Damage};
use braid_sim::member::Faults;
use braid_sim::story::{LifePlan, Plan, Report, run};

const SEEDS: u64 = 40;

/// Runs stories whose lives are changed; what they did, together.
fn stories(change: impl Fn(&mut LifePlan)) -> Report {
    let mut sum = Report::default();
    for seed in 0..SEEDS {
        let mut plan = Plan::draw(seed);
        plan.lives.iter_mut().for_each(&change);
        let report = run(&plan).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
        sum.requests += report.requests;
        sum.revisions += report.revisions;
        sum.refusals += report.refusals;
        sum.lives_cut_short += report.lives_cut_short;
    }
    assert!(sum.revisions > SEEDS * 5, "hardly anything was written: {sum:?}");
    sum
}

fn damaged(damage: Damage) -> Report {
    stories(|life| (life.damage, life.faults) = (Some(damage), Faults::default()))
}

fn under(faults: Faults) -> Report {
    stories(|life| (life.damage, life.faults) = (None, faults))
}

fn crashed(crash: Crash) -> Report {
    stories(|life| {
        (life.damage, life.faults) = (None, Faults::default());
        (life.crash, life.treacherous) = (crash, true);
    })
}

#[test]
fn a_power_loss_takes_nothing_that_was_acknowledged() {
    crashed(Crash::PowerLoss);
}

#[test]
fn a_kill_takes_nothing_that_was_acknowledged() {
    crashed(Crash::Kill);
}

#[test]
fn a_crash_on_the_way_up_takes_nothing() {
    stories(|life| (life.damage, life.false_starts) = (None, 2));
}

#[test]
fn bit_rot_is_refused_or_does_no_harm() {
    assert!(damaged(Damage::BitRot).refusals > 0);
}

#[test]
fn a_misdirected_write_is_refused_or_does_no_harm() {
    assert!(damaged(Damage::Misdirected).refusals > 0);
}

#[test]
fn a_lost_end_of_a_log_is_refused() {
    assert!(damaged(Damage::LostTail).refusals > 0);
}

#[test]
fn a_bad_read_is_noticed() {
    under(Faults { bad_reads: true, ..Faults::default() });
}

#[test]
fn stuck_io_only_takes_time() {
    under(Faults { stuck_io: true, ..Faults::default() });
}

#[test]
fn a_full_disk_takes_nothing_and_passes() {
    under(Faults { full_disk: true, ..Faults::default() });
}

#[test]
fn a_failing_sync_ends_the_process_and_takes_nothing() {
    assert!(under(Faults { failing_sync: true, ..Faults::default() }).lives_cut_short > 0);
}
