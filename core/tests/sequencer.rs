//! The sequencers of two cores, one step after the other. What holds while they run at once is
//! `cells_model.rs`'s.

use std::sync::Arc;

use braid_core::cells::Cells;
use braid_core::ids::{CoreId, Revision};
use braid_core::sequencer::Sequencer;

fn two_cores() -> (Sequencer, Sequencer) {
    let cells = Arc::new(Cells::new(2, Revision::FRESH));
    (Sequencer::new(cells.clone(), CoreId(0)), Sequencer::new(cells, CoreId(1)))
}

fn publish_all(sequencer: &mut Sequencer) {
    let batch = sequencer.end_batch();
    sequencer.publish(batch);
}

#[test]
fn the_watermark_stops_below_the_lowest_revision_in_flight() {
    let (mut a, mut b) = two_cores();
    let first = a.take(1);
    let second = b.take(1);
    assert_eq!((first, second), (Revision(2), Revision(3)));
    b.committed(second);
    publish_all(&mut b);
    assert_eq!(b.watermark(), Revision(1));
    a.committed(first);
    publish_all(&mut a);
    assert_eq!(b.watermark(), Revision(3));
}

#[test]
fn an_idle_core_holds_nobody_back() {
    let (mut a, b) = two_cores();
    let revision = a.take(1);
    a.committed(revision);
    publish_all(&mut a);
    assert_eq!(b.watermark(), revision);
}

#[test]
fn an_adopted_revision_is_covered_by_both_cores() {
    let (mut a, mut b) = two_cores();
    let revision = a.take(2);
    let later = b.take(1);
    b.adopt(revision, 1);
    a.committed(revision);
    a.committed(revision);
    publish_all(&mut a);
    b.committed(later);
    publish_all(&mut b);
    assert_eq!(a.watermark(), Revision(1));
    b.committed(revision);
    publish_all(&mut b);
    assert_eq!(a.watermark(), later);
}

#[test]
fn parts_commit_one_by_one() {
    let (mut a, _) = two_cores();
    let revision = a.take(2);
    a.committed(revision);
    publish_all(&mut a);
    assert_eq!(a.watermark(), Revision(1));
    a.committed(revision);
    publish_all(&mut a);
    assert_eq!(a.watermark(), revision);
}

#[test]
fn a_commit_is_not_published_before_its_batch() {
    let (mut a, b) = two_cores();
    let first = a.take(1);
    a.committed(first);
    let batch = a.end_batch();
    let second = a.take(1);
    a.adopt(second, 1);
    assert_eq!(b.watermark(), Revision(1), "events of {first} have not left");
    a.committed(second);
    a.committed(second);
    a.publish(batch);
    assert_eq!(b.watermark(), first);
    publish_all(&mut a);
    assert_eq!(b.watermark(), second);
}
