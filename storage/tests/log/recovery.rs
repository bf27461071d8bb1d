//! What recovery finds on sound disks.

use braid_storage::ids::{GroupId, Revision};
use braid_storage::log::{HardState, LogConfig};
use braid_storage::recover::Replay;
use bytes::Bytes;

use super::support::{Disk, Fixture, config, payload};

#[test]
fn an_empty_directory_has_nothing() {
    let (recovered, entries) = Disk::default().recover().unwrap();
    assert!(recovered.groups.is_empty() && recovered.tails.is_empty() && entries.is_empty());
    assert_eq!(recovered.durable_w, Revision(0));
}

#[test]
fn entries_come_back_over_several_segments() {
    let mut fixture = Fixture::new();
    for index in 1..=30 {
        fixture.push(0, 1, index, payload(0, index, 300));
        fixture.push(1, 1, index, payload(1, index, index as usize));
        fixture.flush(index);
    }
    let (recovered, entries) = fixture.disk.recover().unwrap();
    assert_eq!(entries, fixture.entries());
    assert_eq!(recovered.durable_w, Revision(30));
    assert!(recovered.cuts.is_empty());
    let group = &recovered.groups[&GroupId(1)];
    assert_eq!((group.first_index, group.last_index, group.last_term), (1, 30, 1));
}

#[test]
fn locations_point_at_payloads() {
    let mut fixture = Fixture::new();
    for index in 1..=12 {
        fixture.push(2, 1, index, payload(2, index, 700));
        if index % 3 == 0 {
            fixture.flush(1);
        }
    }
    for entry in fixture.entries() {
        let start = entry.location.offset as usize;
        let file = &fixture.disk.files[&entry.location.segment];
        assert_eq!(&file[start..start + entry.payload.len()], &entry.payload[..]);
    }
}

#[test]
fn the_tail_is_told() {
    let mut fixture = Fixture::new();
    fixture.push(0, 1, 1, payload(0, 1, 700));
    fixture.flush(1);
    let (recovered, _) = fixture.disk.recover().unwrap();
    let (segment, offset, len) = fixture.writes[0];
    let tail = recovered.tails[0];
    assert_eq!((tail.segment, tail.end, tail.write), (segment, offset + len, 1));
}

#[test]
fn a_barrier_and_an_entry_at_the_limit_come_back() {
    let mut fixture = Fixture::new();
    fixture.push(0, 1, 1, Bytes::new());
    fixture.push(0, 1, 2, payload(0, 2, 1500));
    fixture.push(0, 1, 3, payload(0, 3, 1500));
    fixture.flush(1);
    assert_eq!(fixture.written.len(), 2, "a write exceeds its bytes only with a single frame");
    assert_eq!(fixture.disk.recover().unwrap().1, fixture.entries());
}

#[test]
fn frames_larger_than_a_window_come_back() {
    let config = LogConfig {
        segment_bytes: 8 << 20,
        max_write_bytes: 4 << 20,
        max_payload_bytes: 2 << 20,
        ..config(1, 0)
    };
    let mut fixture = Fixture::with(Disk::default(), config);
    for (index, len) in [(1, 900 << 10), (2, 2 << 20), (3, 10), (4, 1 << 20), (5, 2 << 20)] {
        fixture.push(0, 1, index, payload(0, index, len));
        fixture.flush(1);
    }
    assert_eq!(fixture.disk.recover().unwrap().1, fixture.entries());
}

#[test]
fn the_last_hard_state_holds_and_its_commit_is_not_beyond_the_log() {
    let mut fixture = Fixture::new();
    fixture.push(3, 1, 1, payload(3, 1, 10));
    fixture.push_hard_state(3, 1, 7, 1);
    fixture.flush(1);
    fixture.push(3, 2, 2, payload(3, 2, 10));
    fixture.push_hard_state(3, 2, 8, 9);
    fixture.flush(1);
    let state = fixture.disk.recover().unwrap().0.groups[&GroupId(3)].hard_state;
    assert_eq!(state, HardState { term: 2, vote: 8, commit: 2 });
}

#[test]
fn an_idle_logs_note_carries_the_watermark() {
    let mut fixture = Fixture::new();
    fixture.push(0, 1, 1, payload(0, 1, 10));
    fixture.flush(4);
    fixture.log.push_note();
    fixture.log.push_note();
    fixture.flush(9);
    assert_eq!(fixture.writes.len(), 2, "a note beside another frame would say nothing new");
    assert_eq!(fixture.disk.recover().unwrap().0.durable_w, Revision(9));
}

#[test]
fn later_generations_follow_and_supersede() {
    let mut first = Fixture::new();
    for index in 1..=5 {
        first.push(0, 1, index, payload(0, index, 50));
    }
    first.flush(1);
    let next = first.disk.inventory().unwrap().next_generation();
    let mut second = Fixture::with(first.disk.clone(), config(next.0, 1));
    for index in 4..=6 {
        second.push(0, 2, index, payload(9, index, 50));
    }
    second.flush(2);
    let (recovered, entries) = second.disk.recover().unwrap();
    assert_eq!(entries, [&first.entries()[..3], &second.entries()[..]].concat());
    assert_eq!(recovered.tails.len(), 2);
    assert_eq!(second.disk.inventory().unwrap().next_generation().0, 3);
}

#[test]
fn replays_can_be_repeated() {
    let mut fixture = Fixture::new();
    fixture.push(0, 1, 1, payload(0, 1, 50));
    fixture.flush(1);
    let recovered = fixture.disk.scan().unwrap();
    let first = fixture.disk.replay(&recovered).unwrap();
    assert_eq!(first, fixture.disk.replay(&recovered).unwrap());
    assert_eq!(recovered.replay().wants(), Replay::wants(&recovered.replay()));
}
