//! States that differ only in the names of members or shards count once: the checker sees a state
//! as the smallest of its encodings under all names.

use std::hash::{Hash, Hasher};

use braid_core::ids::{Epoch, Revision};

use crate::cores::{Cores, Round};
use crate::log::{Change, Entry, Group, Groups, Log, Member, PerGroup, Record};
use crate::state::{Gate, MemberState, Reign, State, Told};

impl Hash for State {
    fn hash<H: Hasher>(&self, into: &mut H) {
        self.encoding().hash(into);
    }
}

impl State {
    /// The same bytes for all states that are the same but for names.
    #[must_use]
    pub fn encoding(&self) -> Vec<u8> {
        let orders = ORDERS[self.logs.len() - 2];
        let orders = if self.shards_alike { orders } else { &orders[..1] };
        let encode = |order: &&[u8]| Encoder { state: self, order, bytes: Vec::new() }.state();
        orders.iter().map(encode).min().unwrap_or_default()
    }
}

/// All orders of the groups of one, two and three shards; the control group comes first.
const ORDERS: [&[&[u8]]; 3] = [
    &[&[0, 1]],
    &[&[0, 1, 2], &[0, 2, 1]],
    &[&[0, 1, 2, 3], &[0, 1, 3, 2], &[0, 2, 1, 3], &[0, 2, 3, 1], &[0, 3, 1, 2], &[0, 3, 2, 1]],
];

struct Encoder<'a> {
    state: &'a State,
    /// The groups in the order in which they are written.
    order: &'a [u8],
    bytes: Vec<u8>,
}

impl Encoder<'_> {
    fn state(mut self) -> Vec<u8> {
        let State { history, writes, failures, fault, acknowledged, .. } = self.state;
        self.bytes.extend([*writes, *failures, fault.map_or(0, |fault| 1 + fault as u8)]);
        self.bytes.push(u8::from(*acknowledged));
        self.bytes.push(history.len() as u8);
        for record in history {
            self.record(record);
        }
        for group in self.order {
            self.log(self.state.log(Group(*group)));
        }
        self.bytes.push(self.state.calm.map_or(0, |calm| 1 + calm.steps_left));
        self.groups(self.state.calm.map_or_else(Groups::default, |calm| calm.written));
        self.members();
        self.bytes
    }

    fn log(&mut self, log: &Log) {
        self.bytes.extend([log.term, log.committed, log.len()]);
        for entry in &log.entries {
            self.entry(entry);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Record(record, noted) => {
                self.bytes.push(1);
                self.record(record);
                self.revision(*noted);
            }
            Entry::Decision(epoch, base, terms) => {
                self.bytes.push(2);
                self.epoch(*epoch);
                self.revision(*base);
                self.per_group(terms);
            }
            Entry::Setting => self.bytes.push(4),
            Entry::LeaseEnd { early } => self.bytes.extend([3, u8::from(*early)]),
        }
    }

    fn record(&mut self, record: &Record) {
        self.epoch(record.epoch);
        self.revision(record.revision);
        self.groups(record.parts);
        self.bytes.push(match record.change {
            Change::Put => 0,
            Change::Attach => 1,
            Change::Revoke { early } => 2 + u8::from(early),
        });
    }

    /// Each member on its own, in the order of their encodings. A log names its leader, so what a
    /// member leads counts as part of it.
    fn members(&mut self) {
        let start = std::mem::take(&mut self.bytes);
        let members = (0..).map(Member).zip(&self.state.members);
        let mut encoded: Vec<Vec<u8>> = members.map(|(name, of)| self.member(name, of)).collect();
        encoded.sort_unstable();
        self.bytes = start;
        self.bytes.extend(encoded.into_iter().flatten());
    }

    fn member(&mut self, name: Member, of: &MemberState) -> Vec<u8> {
        let led = |group: &Group| self.state.log(*group).leader == name;
        let led = self.state.groups().filter(led).map(|group| Groups::one(group).0).sum();
        self.groups(Groups(led));
        self.per_group(&of.known);
        self.per_group(&of.roles);
        self.groups(of.barriers);
        if let Some(plan) = &of.plan {
            self.bytes.push(1);
            self.epoch(plan.epoch);
            self.revision(plan.base);
        }
        if let Some(reign) = &of.reign {
            self.reign(reign);
        }
        if let Some(told) = &of.told {
            self.told(told);
        }
        self.revision(of.readable);
        self.bytes.push(u8::from(of.counts_anew));
        self.bytes.push(0);
        std::mem::take(&mut self.bytes)
    }

    /// The epoch stands for its leader.
    fn told(&mut self, told: &Told) {
        self.bytes.extend([3, u8::from(told.whole)]);
        self.epoch(told.epoch);
        self.revision(told.watermark);
        self.per_group(&told.needs);
    }

    fn reign(&mut self, reign: &Reign) {
        self.bytes.push(2);
        self.epoch(reign.epoch);
        self.per_group(&reign.terms);
        self.revision(reign.sequencing.counter);
        self.revision(reign.sequencing.watermark);
        self.gate(reign.lease);
        if reign.cores.reading.len() > 1 {
            self.cores(&reign.cores);
        }
        self.groups(reign.attached);
        self.bytes.push(reign.acting);
        for core in &reign.sequencing.in_flight {
            self.bytes.push(core.len() as u8);
            for (revision, pending) in core {
                self.revision(*revision);
                self.bytes.push(*pending as u8);
            }
        }
    }

    fn cores(&mut self, cores: &Cores) {
        for reading in &cores.reading {
            self.revision(reading.unwrap_or_default());
        }
        match &cores.round {
            Round::None => self.bytes.push(0),
            Round::Closed => self.bytes.push(1),
            Round::Handed(record, missing) => {
                self.bytes.push(2);
                self.record(record);
                self.groups(*missing);
            }
        }
        for events in [&cores.unsent, &cores.mailbox, &cores.held] {
            self.bytes.push(events.len() as u8);
            self.bytes
                .extend(events.iter().flat_map(|(revision, group)| [revision.0 as u8, group.0]));
        }
        self.revision(cores.observed.unwrap_or_default());
        self.revision(cores.delivered);
    }

    fn gate(&mut self, gate: Gate) {
        match gate {
            Gate::Open => self.bytes.push(0),
            Gate::Ended => self.bytes.push(1),
            Gate::Closed(reported) => {
                self.bytes.push(2);
                self.groups(reported);
            }
        }
    }

    fn per_group(&mut self, values: &PerGroup) {
        let ordered = self.order.iter().map(|group| values[usize::from(*group)]);
        self.bytes.extend(ordered);
    }

    fn groups(&mut self, groups: Groups) {
        let bit = |(at, group): (usize, &u8)| u8::from(groups.has(Group(*group))) << at;
        self.bytes.push(self.order.iter().enumerate().map(bit).sum());
    }

    fn revision(&mut self, revision: Revision) {
        self.bytes.push(revision.0 as u8);
    }

    fn epoch(&mut self, epoch: Epoch) {
        self.bytes.push(epoch.0 as u8);
    }
}
