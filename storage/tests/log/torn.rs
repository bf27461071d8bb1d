//! Random logs, torn at random: what was durable comes back, and comes back again.

use std::collections::BTreeMap;

use braid_storage::recover::RecoveredEntry;
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{Disk, Fixture, by_group, config, payload, supersede};

/// What a start of the member does before it is killed.
#[derive(Clone, Debug)]
struct Life {
    writes: Vec<Vec<Step>>,
    /// The write under way at the end, and which of its sectors reach the disk.
    torn: Vec<Step>,
    sectors: Vec<bool>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Entry { group: u16, len: usize },
    Supersede { group: u16, back: u64, len: usize },
    HardState { group: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let group = 0..3_u16;
    prop_oneof![
        8 => (group.clone(), 0..900_usize).prop_map(|(group, len)| Step::Entry { group, len }),
        1 => (group.clone(), 0..4_u64, 0..300_usize)
            .prop_map(|(group, back, len)| Step::Supersede { group, back, len }),
        1 => group.prop_map(|group| Step::HardState { group }),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let writes = vec(vec(step(), 1..6), 0..8);
    (writes, vec(step(), 1..6), vec(any::<bool>(), 10)).prop_map(|(writes, torn, sectors)| Life {
        writes,
        torn,
        sectors,
    })
}

/// The member over its lives.
struct Member {
    disk: Disk,
    generation: u64,
    /// The entries that count, by group.
    groups: BTreeMap<u16, Vec<RecoveredEntry>>,
}

impl Member {
    fn live(&mut self, life: &Life) {
        self.generation += 1;
        let core = (self.generation % 2) as u16;
        let disk = std::mem::take(&mut self.disk);
        let mut fixture = Fixture::with(disk, config(self.generation, core));
        for steps in &life.writes {
            self.push(&mut fixture, steps);
            fixture.flush(self.generation);
        }
        fixture.entries().into_iter().for_each(|entry| supersede(&mut self.groups, entry));
        let durable = fixture.written.len();
        self.push(&mut fixture, &life.torn);
        let write = fixture.take(self.generation);
        let mut sectors = life.sectors.iter().copied().cycle();
        fixture.disk.write_torn(&write, |_| sectors.next().unwrap_or(false));
        self.disk = fixture.disk;
        let torn: Vec<_> = fixture.written.split_off(durable).concat();
        self.recover(&torn);
    }

    /// Pushes in sequence: a group's indexes go on from what was pushed before.
    fn push(&self, fixture: &mut Fixture, steps: &[Step]) {
        let mut groups = self.groups.clone();
        let before = fixture.entries().into_iter().chain(fixture.pending.clone());
        before.for_each(|entry| supersede(&mut groups, entry));
        for step in steps {
            match *step {
                Step::Entry { group, len } => self.push_entry(fixture, &mut groups, group, 0, len),
                Step::Supersede { group, back, len } => {
                    self.push_entry(fixture, &mut groups, group, back, len);
                }
                Step::HardState { group } => fixture.push_hard_state(group, 1, 1, 0),
            }
        }
    }

    fn push_entry(
        &self,
        fixture: &mut Fixture,
        groups: &mut BTreeMap<u16, Vec<RecoveredEntry>>,
        group: u16,
        back: u64,
        len: usize,
    ) {
        let last = groups.get(&group).and_then(|entries| entries.last()).map_or(0, |e| e.index);
        let index = (last + 1).saturating_sub(back).max(1);
        fixture.push(group, self.generation, index, payload(group, index + self.generation, len));
        let entry = fixture.pending.last().expect("it was just pushed").clone();
        supersede(groups, entry);
    }

    /// All that was durable is there, then the first frames of the torn write, and again.
    fn recover(&mut self, torn: &[RecoveredEntry]) {
        let (_, found) = self.disk.recover().expect("a torn tail is no damage");
        let kept = (0..=torn.len()).rev().find(|&kept| {
            let mut groups = self.groups.clone();
            torn[..kept].iter().cloned().for_each(|entry| supersede(&mut groups, entry));
            by_group(&found) == groups
        });
        assert!(kept.is_some(), "neither what was durable nor that with the start of the rest");
        self.groups = by_group(&found);
        assert_eq!(self.disk.recover().expect("as before").1, found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_durable_survives_every_torn_write(
        lives in vec(life(), 1..4),
        stale in any::<u8>(),
    ) {
        let disk = Disk { stale, ..Disk::default() };
        let mut member = Member { disk, generation: 0, groups: BTreeMap::new() };
        lives.iter().for_each(|life| member.live(life));
    }

    /// Damage to an acknowledged write is never passed over.
    #[test]
    fn a_lost_sector_of_an_acknowledged_write_is_refused(
        writes in vec(vec(step(), 1..6), 2..8),
        pick in any::<prop::sample::Index>(),
        sector in any::<prop::sample::Index>(),
    ) {
        let member =
            Member { disk: Disk::default(), generation: 1, groups: BTreeMap::new() };
        let mut fixture = Fixture::new();
        for steps in &writes {
            member.push(&mut fixture, steps);
            fixture.flush(1);
        }
        let (id, offset, len) = fixture.writes[pick.index(fixture.writes.len() - 1)];
        let start = (offset + 512 * sector.index(len as usize / 512) as u32) as usize;
        let sector = &mut fixture.disk.files.get_mut(&id).unwrap()[start..start + 512];
        prop_assume!(sector.iter().any(|&byte| byte != 0));
        sector.fill(0);
        prop_assert!(fixture.disk.recover().is_err());
    }
}
