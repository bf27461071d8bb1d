//! Every planted bug is found.

use braid_protocol::check::search;
use braid_protocol::trap::Trap;

#[test]
fn every_trap_is_found() {
    let missed: Vec<Trap> = Trap::ALL.into_iter().filter(|trap| !is_found(*trap)).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

/// One thread, so that the way to the fault is a shortest one.
fn is_found(trap: Trap) -> bool {
    let report = search(trap.scenario().protocol(Some(trap)), 1, usize::MAX);
    println!("{trap:?}: {report}");
    !report.broken.is_empty()
}
