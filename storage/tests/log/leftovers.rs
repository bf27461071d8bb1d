//! What earlier generations leave unused is given back, whenever the process is killed, and
//! nothing else ever goes.

use std::collections::BTreeMap;

use braid_storage::ids::{Generation, SegmentId};
use braid_storage::log::Log;
use braid_storage::recover::{Leftover, RecoveredEntry, RecoveryError};
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{BLOCK, Disk, Fixture, by_group, config, payload, supersede};

/// A start of the member, up to the kill.
#[derive(Clone, Debug)]
struct Life {
    /// How many leftovers it gives back before it is killed; beyond the last one it goes on.
    steps: usize,
    /// Of how many cores it prepares segments.
    cores: u16,
    /// Entries of each write, as group and length; a group lives on core `group % cores`.
    writes: Vec<Vec<(u16, usize)>>,
    /// Which sectors of each core's last write reach the disk.
    sectors: Vec<bool>,
}

fn life() -> impl Strategy<Value = Life> {
    let writes = vec(vec((0..4_u16, 0..1400_usize), 1..5), 0..6);
    let steps = prop_oneof![1 => 0..6_usize, 2 => Just(usize::MAX)];
    (steps, 0..4_u16, writes, vec(any::<bool>(), 8))
        .prop_map(|(steps, cores, writes, sectors)| Life { steps, cores, writes, sectors })
}

/// The member over its lives.
#[derive(Default)]
struct Member {
    disk: Disk,
    /// The last generation that had a segment.
    generation: u64,
    /// The entries that count, by group.
    groups: BTreeMap<u16, Vec<RecoveredEntry>>,
}

impl Member {
    fn live(&mut self, life: &Life) {
        let steps = self.disk.scan().expect("a sound disk").leftovers();
        let killed = life.steps < steps.len();
        for step in steps.into_iter().take(life.steps) {
            self.disk.give_back(step);
            assert_eq!(by_group(&self.disk.recover().expect("as before").1), self.groups);
        }
        let generation = self.disk.inventory().expect("a sound disk").next_generation();
        assert_eq!(generation, Generation(self.generation + 1), "no generation comes twice");
        if killed || life.cores == 0 {
            return;
        }
        self.generation = generation.0;
        for core in 0..life.cores {
            self.write(life, core);
        }
        // The start of a torn write may count; from now on it does, or does not.
        let found = by_group(&self.disk.recover().expect("a torn tail is no damage").1);
        for (group, entries) in &self.groups {
            assert!(found.get(group).is_some_and(|found| found.starts_with(entries)));
        }
        self.groups = found;
    }

    /// The log of one core, whose last write may be torn.
    fn write(&mut self, life: &Life, core: u16) {
        let disk = std::mem::take(&mut self.disk);
        let mut fixture = Fixture::with(disk, config(self.generation, core));
        let own = |&&(group, _): &&(u16, usize)| group % life.cores == core;
        let mut groups = self.groups.clone();
        for (at, entries) in life.writes.iter().enumerate() {
            for &(group, len) in entries.iter().filter(own) {
                push(&mut fixture, &mut groups, self.generation, group, len);
            }
            if at + 1 < life.writes.len() {
                fixture.flush(self.generation);
            }
        }
        let durable = fixture.entries();
        if fixture.log.backlog_bytes() > 0 {
            let write = fixture.take(self.generation);
            let mut sectors = life.sectors.iter().copied().cycle();
            fixture.disk.write_torn(&write, |_| sectors.next().unwrap_or(false));
        }
        durable.into_iter().for_each(|entry| supersede(&mut self.groups, entry));
        self.disk = fixture.disk;
    }

    /// Bytes of all files.
    fn bytes(&self) -> usize {
        self.disk.files.values().map(Vec::len).sum()
    }
}

fn push(
    fixture: &mut Fixture,
    groups: &mut BTreeMap<u16, Vec<RecoveredEntry>>,
    generation: u64,
    group: u16,
    len: usize,
) {
    let last = groups.get(&group).and_then(|entries| entries.last()).map_or(0, |e| e.index);
    fixture.push(group, generation, last + 1, payload(group, last + generation, len));
    supersede(groups, fixture.pending.last().expect("it was just pushed").clone());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_kill_between_any_two_steps_loses_nothing(lives in vec(life(), 1..7)) {
        let mut member = Member::default();
        lives.iter().for_each(|life| member.live(life));
    }
}

/// A start with one small write on each of `cores` cores.
fn small_life(cores: u16) -> Life {
    let entries = (0..4).map(|group| (group, 10)).collect();
    Life { steps: usize::MAX, cores, writes: vec![entries, vec![]], sectors: Vec::new() }
}

#[test]
fn restarts_cost_a_few_blocks_each() {
    let mut member = Member::default();
    let mut sizes = Vec::new();
    for start in 0..40 {
        member.live(&small_life(1 + start % 2));
        sizes.push(member.bytes());
    }
    let blocks = (sizes[39] - sizes[3]) / BLOCK as usize;
    assert!(blocks <= 36 * 2 * 2, "a header and a write for each core: {blocks}");
}

#[test]
fn starts_that_never_wrote_leave_nothing() {
    let mut member = Member::default();
    for generation in 1..=9 {
        member.live(&Life { writes: Vec::new(), ..small_life(2) });
        assert_eq!(member.generation, generation);
    }
    let generations = member.disk.files.keys().map(|id| id.generation().0);
    assert_eq!(generations.collect::<Vec<_>>(), [8, 8, 9, 9]);
}

/// Two generations, each with spare segments.
fn two_generations() -> Disk {
    let mut disk = Disk::default();
    for generation in 1..=2 {
        let mut fixture = Fixture::with(disk, config(generation, 0));
        let groups = &mut BTreeMap::new();
        push(&mut fixture, groups, generation, generation as u16, 900);
        fixture.flush(generation);
        spare(&mut fixture.log, &mut fixture.disk);
        disk = fixture.disk;
    }
    disk
}

/// Makes the log prepare segments for what never gets written.
fn spare(log: &mut Log, disk: &mut Disk) {
    for index in 10..15 {
        log.push_entry(braid_storage::ids::GroupId(9), 1, index, payload(9, index, 1400));
    }
    disk.prepare(log);
}

#[test]
fn the_last_generation_is_left_alone() {
    let leftovers = two_generations().scan().unwrap().leftovers();
    let segment = |leftover: &Leftover| match *leftover {
        Leftover::Segment(segment) | Leftover::Rest { segment, .. } => segment,
    };
    let segments: Vec<SegmentId> = leftovers.iter().map(segment).collect();
    assert!(segments.iter().all(|id| id.generation() == Generation(1)), "{segments:?}");
    assert!(segments.len() > 2 && segments.is_sorted_by(|one, next| one > next), "{segments:?}");
    assert!(matches!(leftovers.last(), Some(Leftover::Rest { from: 1536, .. })), "{leftovers:?}");
}

#[test]
fn only_the_end_of_an_earlier_log_may_be_short() {
    let disk = two_generations();
    let ids: Vec<SegmentId> = disk.files.keys().copied().collect();
    let end_of_first = ids.iter().rfind(|id| id.generation() == Generation(1));
    for &id in ids.iter().filter(|id| Some(*id) != end_of_first) {
        let mut cut = disk.clone();
        cut.give_back(Leftover::Rest { segment: id, from: 1536 });
        let error = cut.recover().unwrap_err();
        assert!(matches!(error, RecoveryError::Length { segment, .. } if segment == id), "{error}");
    }
    let mut given_back = disk;
    for leftover in given_back.scan().unwrap().leftovers() {
        given_back.give_back(leftover);
    }
    assert!(given_back.recover().is_ok());
    for len in [BLOCK, 1536 - BLOCK / 2, 8192] {
        let mut wrong = given_back.clone();
        wrong.files.get_mut(&ids[0]).unwrap().resize(len as usize, 0);
        assert!(matches!(wrong.recover(), Err(RecoveryError::Length { .. })), "{len}");
    }
}
