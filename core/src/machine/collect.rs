//! What one core tells another of its keys so that the other can evaluate: read in parts, each no
//! more than a page.

use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::limits::{Limits, PageLimits};
use crate::machine::mail::{Collect, TaskId};
use crate::machine::reads::after;
use crate::machine::shards::Shards;
use crate::shard::Shard;
use crate::version::{ColdValue, Found, Location, StoredValue, View};

/// Keys that an evaluation needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The keys.
    pub interval: Interval,
    /// The revision to read at; `None` for the newest state, in-flight writes included.
    pub at: Option<Revision>,
    /// Whether evaluation may look at the values.
    pub values: bool,
}

/// A part of one core's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// Keys that live there, each list with the place of the need that asked for it.
    pub pairs: Vec<(usize, Vec<(Bytes, Pair)>)>,
    /// Bytes that these take in memory, about.
    pub bytes: usize,
    /// For each lease asked for, the attached keys of the newest state; with the last part.
    pub attached: Vec<(LeaseId, Vec<Vec<u8>>)>,
    /// The newest revision evaluated on the core.
    pub last_taken: Revision,
    /// Below this revision what is told may have holes: the core has acted on a compaction.
    pub trimmed_to: Revision,
    /// Whether this is the last part, and how it ends.
    pub end: Option<End>,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This is all.
    Complete,
    /// The rest is left out: there is more than may be told.
    TooLarge,
}

/// A version that left its core.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub(super) meta: KvMeta,
    pub(super) sub: u32,
    pub(super) place: ColdValue,
    pub(super) value: Option<Bytes>,
}

impl Pair {
    /// A version whose value is in memory alone.
    pub(super) fn resident(meta: KvMeta, sub: u32, value: Bytes) -> Self {
        let place = ColdValue { location: Location::default(), len: value.len() as u32, crc: 0 };
        Self { meta, sub, place, value: Some(value) }
    }

    fn of(found: Found<'_>, with_value: bool) -> Self {
        let StoredValue { location, len, crc, bytes } = found.value;
        Self {
            meta: found.meta,
            sub: found.sub,
            place: ColdValue { location, len, crc },
            value: bytes.filter(|_| with_value).map(Bytes::copy_from_slice),
        }
    }

    /// The version as evaluation sees it.
    pub(super) fn found(&self) -> Found<'_> {
        let ColdValue { location, len, crc } = self.place;
        let value = StoredValue { location, len, crc, bytes: self.value.as_deref() };
        Found { meta: self.meta, sub: self.sub, value }
    }

    fn bytes(&self) -> usize {
        size_of::<(Bytes, Self)>() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// An answer on its way; each part but the first is asked for. Between the parts nothing that it tells can change: the gate is closed, or
/// the revisions are pinned.
pub(super) struct Collecting {
    collect: Collect,
    /// The need that is being read.
    need: usize,
    /// What is left of it; all when nothing is said.
    rest: Option<Interval>,
    /// Bytes told so far.
    bytes: usize,
}

impl Collecting {
    pub(super) fn new(collect: Collect) -> Self {
        Self { collect, need: 0, rest: None, bytes: 0 }
    }

    /// Whether writes wait until all is told.
    pub(super) fn closes_gate(&self) -> bool {
        self.collect.close_gate
    }

    /// The task of the asking core.
    pub(super) fn task(&self) -> TaskId {
        self.collect.task
    }

    /// The next part; all parts together tell no more than they may and a page.
    pub(super) fn next_part(&mut self, shards: &Shards, limits: &Limits) -> Collected {
        let mut part = Collected {
            last_taken: shards.last_taken(),
            trimmed_to: shards.trimmed_to(),
            ..Collected::default()
        };
        let mut room = limits.page;
        while room.keys > 0 && room.bytes > 0 && self.need < self.collect.needs.len() {
            self.read_on(shards, &mut part, &mut room);
        }
        self.bytes += part.bytes;
        if self.need == self.collect.needs.len() {
            part.attached = self.attached(shards);
            part.end = Some(End::Complete);
        } else if self.bytes > limits.collected_bytes {
            part.end = Some(End::TooLarge);
        }
        part
    }

    /// Reads on in the current need, to its end or as far as there is room in the part.
    fn read_on(&mut self, shards: &Shards, part: &mut Collected, room: &mut PageLimits) {
        let Need { interval, at, values } = &self.collect.needs[self.need];
        let interval = self.rest.take().unwrap_or_else(|| interval.clone());
        let (mut pairs, mut complete) = (Vec::new(), true);
        let mut visitor = |key: &[u8], found: Found<'_>| {
            complete = room.keys > 0 && room.bytes > 0;
            if complete {
                let pair = Pair::of(found, *values);
                let bytes = key.len() + pair.bytes();
                part.bytes += bytes;
                *room = PageLimits { keys: room.keys - 1, bytes: room.bytes.saturating_sub(bytes) };
                pairs.push((Bytes::copy_from_slice(key), pair));
            }
            complete
        };
        match *at {
            None => shards.visit(&interval, &mut visitor),
            Some(at) => shards.visit_at(&interval, at, &mut visitor),
        }
        let last = pairs.last().map(|(key, _)| after(key)).filter(|_| !complete);
        part.pairs.push((self.need, pairs));
        match last {
            Some(start) => self.rest = Some(Interval { start, end: interval.end }),
            None => {
                self.need += 1;
                // Looking for a key that is not there takes its time as well.
                room.keys = room.keys.saturating_sub(1);
            }
        }
    }

    /// The keys of the leases, in one piece. A round of writes wants the newest state of leases,
    /// readers the applied one.
    fn attached(&self, shards: &Shards) -> Vec<(LeaseId, Vec<Vec<u8>>)> {
        let attached =
            |lease: &LeaseId| (*lease, attached(shards, *lease, self.collect.close_gate));
        self.collect.leases.iter().map(attached).collect()
    }
}

fn attached(shards: &Shards, lease: LeaseId, newest: bool) -> Vec<Vec<u8>> {
    let of_shard = |shard: &Shard| {
        if newest {
            return shard.attached_newest(lease);
        }
        shard.attached(lease).map(<[u8]>::to_vec).collect()
    };
    shards.iter().flat_map(of_shard).collect()
}
