use super::super::facts::example;
use super::*;
use crate::disk::times_ms;

fn value(facts: &Facts, key: &str) -> String {
    choose(facts).into_iter().find(|choice| choice.key == key).unwrap().value
}

#[test]
fn what_is_quicker_on_busy_processors_counts() {
    let mut facts = example();
    assert_eq!(value(&facts, "sync"), "\"fdatasync\"");
    facts.disk.durable[2].1 = times_ms(&[20]);
    assert_eq!(value(&facts, "sync"), "\"dsync\"");
    facts.access = Access::Buffered;
    assert_eq!(value(&facts, "sync"), "\"fdatasync\"");
}

#[test]
fn idle_processors_count_where_busy_ones_do_not_differ() {
    let mut facts = example();
    facts.disk.durable[3].1 = times_ms(&[2]);
    assert_eq!(value(&facts, "sync"), "\"fdatasync\"");
    facts.disk.durable[1].1 = times_ms(&[1]);
    assert_eq!(value(&facts, "sync"), "\"dsync\"");
}

#[test]
fn interrupts_get_cpus_where_there_are_many() {
    let mut facts = example();
    let both = |facts: &Facts| (value(facts, "cores"), value(facts, "leave-cpus"));
    assert_eq!(both(&facts), ("4".to_owned(), "0".to_owned()));
    facts.host.cpus_allowed = 64;
    assert_eq!(both(&facts), ("61".to_owned(), "3".to_owned()));
    facts.host.cpu_quota = Some(2);
    assert_eq!(both(&facts), ("2".to_owned(), "0".to_owned()));
    assert_eq!(value(&facts, "spin-us"), "0");
}

#[test]
fn segments_follow_speed_and_space() {
    let mut facts = example();
    // 500 MiB/s: 100 MiB in the time that there is.
    assert_eq!(value(&facts, "segment-bytes"), (64 << 20).to_string());
    facts.free_bytes = 1 << 30;
    assert_eq!(value(&facts, "segment-bytes"), (16 << 20).to_string());
    facts.disk.sequential_writes = times_ms(&[1000]);
    assert_eq!(value(&facts, "batch-bytes"), (256 << 10).to_string());
}

#[test]
fn nothing_measured_is_no_reason_to_fail() {
    let facts = Facts { disk: crate::disk::Report::default(), ..example() };
    assert_eq!(value(&facts, "sync"), "\"fdatasync\"");
    assert_eq!(value(&facts, "reads-in-flight"), "64");
    assert_eq!(value(&facts, "segment-bytes"), (16 << 20).to_string());
}
