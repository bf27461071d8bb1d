use super::*;
use crate::ids::{ClusterId, CoreId, Generation, MemberId};
use crate::limits::FRAME_HEADER_BYTES;

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 4096,
        block_bytes: 512,
        max_write_bytes: 1024,
        max_payload_bytes: 2000,
        ..LogConfig::new(ClusterId(1), MemberId(2), Generation(3), CoreId(4), 5)
    }
}

/// A log whose segments are prepared as it asks.
fn ready_log() -> Log {
    let mut log = Log::new(config()).unwrap();
    prepare(&mut log);
    log
}

fn prepare(log: &mut Log) {
    while let Some(segment) = log.wants_segment() {
        log.segment_ready(segment.id);
    }
}

fn push(log: &mut Log, index: u64, len: usize) -> Location {
    log.push_entry(GroupId(1), 1, index, Bytes::from(vec![index as u8; len]))
}

fn take(log: &mut Log) -> Write {
    prepare(log);
    let write = log.take_write(Revision(9)).unwrap();
    log.written(write.number());
    write
}

#[test]
fn nothing_is_written_without_a_segment() {
    let mut log = Log::new(config()).unwrap();
    push(&mut log, 1, 10);
    assert!(log.take_write(Revision(1)).is_none());
    let first = log.wants_segment().unwrap();
    assert_eq!((first.ordinal, log.wants_segment()), (0, None));
    assert!(log.take_write(Revision(1)).is_none());
    log.segment_ready(first.id);
    assert_eq!(log.take_write(Revision(1)).unwrap().segment(), &first);
}

#[test]
fn the_next_segment_is_asked_for_when_a_quarter_is_used() {
    let mut log = ready_log();
    push(&mut log, 1, 10);
    assert_eq!(log.wants_segment(), None);
    push(&mut log, 2, 1500);
    assert_eq!(log.wants_segment().map(|segment| segment.ordinal), Some(1));
}

#[test]
fn one_write_is_under_way_while_the_next_collects() {
    let mut log = ready_log();
    push(&mut log, 1, 10);
    let first = log.take_write(Revision(1)).unwrap();
    push(&mut log, 2, 10);
    push(&mut log, 3, 10);
    assert!(log.is_writing() && log.take_write(Revision(1)).is_none());
    log.written(first.number());
    let second = log.take_write(Revision(1)).unwrap();
    assert_eq!((first.number(), second.number()), (1, 2));
    assert_eq!(second.offset(), first.offset() + first.len());
    let entries: Vec<_> = second.entries().collect();
    assert_eq!(entries, [(GroupId(1), 1, 2), (GroupId(1), 1, 3)]);
}

#[test]
fn a_write_exceeds_its_bytes_only_with_a_single_frame() {
    let mut log = ready_log();
    for (index, len) in [(1, 400), (2, 400), (3, 400), (4, 2000), (5, 1)] {
        push(&mut log, index, len);
    }
    let frames: Vec<usize> = (0..4).map(|_| take(&mut log).entries().count()).collect();
    assert_eq!(frames, [2, 1, 1, 1]);
    assert_eq!(log.backlog_bytes(), 0);
    assert!(log.take_write(Revision(1)).is_none());
}

#[test]
fn a_frame_that_does_not_fit_opens_the_next_segment() {
    let mut log = ready_log();
    let first = push(&mut log, 1, 2000);
    let second = push(&mut log, 2, 2000);
    assert_eq!(first.offset, 512 + FRAME_HEADER_BYTES);
    assert_eq!(second.offset, first.offset);
    assert_ne!(second.segment, first.segment);
    assert_eq!(log.wants_segment().map(|segment| segment.ordinal), Some(1));
    log.segment_ready(second.segment);
    assert_eq!(take(&mut log).segment().id, first.segment);
    assert_eq!(take(&mut log).segment().id, second.segment);
}

#[test]
fn room_is_short_in_the_last_quarter_of_the_last_segment() {
    let mut log = ready_log();
    push(&mut log, 1, 400);
    assert!(!log.is_short_of_room(2048) && log.is_short_of_room(2049));
    push(&mut log, 2, 2000);
    assert!(log.is_short_of_room(0));
    prepare(&mut log);
    assert!(!log.is_short_of_room(1 << 30));
    // What is planned has gone on to a segment that is not there.
    for (index, len) in [(3, 2000), (4, 2000), (5, 400)] {
        push(&mut log, index, len);
    }
    assert!(log.is_short_of_room(0));
}

#[test]
fn a_segment_is_used_to_its_last_byte() {
    let mut log = ready_log();
    let len = 512 - FRAME_HEADER_BYTES as usize;
    let places: Vec<Location> = (1..=8).map(|index| push(&mut log, index, len)).collect();
    assert_eq!(places[6].offset + len as u32, 4096);
    assert_eq!(places[6].segment, places[0].segment);
    assert_ne!(places[7].segment, places[0].segment);
}

#[test]
fn a_copy_leaves_nothing_of_the_buffer() {
    let mut log = ready_log();
    push(&mut log, 1, 100);
    log.push_hard_state(GroupId(2), HardState { term: 3, vote: 4, commit: 5 });
    let write = take(&mut log);
    let (mut zeros, mut ones) = (vec![0; write.len() as usize], vec![255; write.len() as usize]);
    write.copy_to(&mut zeros);
    write.copy_to(&mut ones);
    assert_eq!(zeros, ones);
    assert!(zeros[(64 + 100 + 64 + 8)..].iter().all(|&byte| byte == 0));
}

#[test]
fn sizes_that_do_not_go_together_are_refused() {
    let refused = |config| Log::new(config).err();
    assert_eq!(refused(LogConfig { block_bytes: 768, ..config() }), Some(ConfigError::Block(768)));
    let segment = LogConfig { segment_bytes: 4000, ..config() };
    assert_eq!(refused(segment), Some(ConfigError::Segment(4000)));
    let payload = LogConfig { max_payload_bytes: 3600, ..config() };
    assert_eq!(refused(payload), Some(ConfigError::SmallSegment(4096)));
    let write = LogConfig { max_write_bytes: 4096, ..config() };
    assert_eq!(refused(write), Some(ConfigError::SmallSegment(4096)));
    let core = LogConfig { core: CoreId(1024), ..config() };
    assert_eq!(refused(core), Some(ConfigError::Id(Generation(3), CoreId(1024))));
}

#[test]
#[should_panic(expected = "was a batch not split")]
fn a_payload_beyond_the_limit_is_a_bug() {
    push(&mut ready_log(), 1, 2001);
}
