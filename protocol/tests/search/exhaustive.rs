//! Every state, up to a size: what must hold holds, and what should be possible happens.

use braid_protocol::check::search;
use braid_protocol::scenario::Scenario;

fn holds(scenario: Scenario) {
    let report = search(scenario.protocol(None), 2, usize::MAX);
    println!("{scenario:?}: {report}");
    assert!(report.broken.is_empty(), "{scenario:?}: {report}");
    assert!(report.unseen.is_empty(), "{scenario:?}: {report}");
}

#[test]
fn leaders_change() {
    holds(Scenario::Elections);
}

#[test]
fn appends_fail() {
    holds(Scenario::Failures);
}

#[test]
fn three_members() {
    holds(Scenario::ThreeMembers);
}

#[test]
fn followers_show_what_they_are_told() {
    holds(Scenario::Followers);
}

#[test]
fn leases_end() {
    holds(Scenario::Lease);
}

#[test]
fn cores_share_cells() {
    holds(Scenario::Cores);
}

#[test]
fn leaders_of_two_cores_change() {
    holds(Scenario::CoresOfMembers);
}

#[test]
fn settings_change() {
    holds(Scenario::Setting);
}

#[test]
fn work_goes_on() {
    holds(Scenario::Progress);
}
