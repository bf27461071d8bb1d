//! HashKV: one checksum over the records of all shards of the member, in revision order.
//!
//! The asking core first learns how many keys live at the revision, then takes the records page by
//! page from every core and merges them.

use std::collections::{BTreeMap, VecDeque};

use braid_storage::ids::{CoreId, GroupId, Revision};
use bytes::Bytes;

use super::Core;
use super::fetch::Then;
use super::mail::{Mail, ReplyTo, TaskId};
use crate::api::Response;
use crate::error::Error;
use crate::evaluate::Fetched;
use crate::index::{HashScope, Hasher, RecordId};
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::version::{ColdValue, View};

/// What a core is asked while a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashQuery {
    /// How many keys lived at this revision?
    Count(Revision),
    /// The next page of records in this scope.
    Page(HashScope),
}

/// A core's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum HashPart {
    /// So many, and how far the core has compacted.
    Count(u64, i64),
    /// Records in order, and whether these were the last.
    Page(Vec<HashRecord>, bool),
    /// A value cannot be read.
    Failed(Error),
}

/// One held change.
#[derive(Clone, Debug, PartialEq)]
pub struct HashRecord {
    revision: Revision,
    sub: u32,
    key: Bytes,
    /// The version; none for a tombstone.
    put: Option<(KvMeta, Bytes)>,
}

/// A checksum under way.
pub(super) struct Hashing {
    to: ReplyTo,
    upto: Revision,
    compacted: i64,
    missing: usize,
    living: u64,
    scope: Option<HashScope>,
    sources: BTreeMap<CoreId, Source>,
    hasher: Hasher,
}

#[derive(Default)]
struct Source {
    records: VecDeque<HashRecord>,
    done: bool,
}

impl Hashing {
    /// History below this revision is no longer needed. A later compaction must not take a part
    /// of what this one is about: some cores would still have it, and some would not.
    pub(super) fn pinned(&self) -> Revision {
        Revision(u64::try_from(self.compacted).unwrap_or(0)).min(self.upto)
    }

    /// One core has counted. After the last one it is known what the checksum covers.
    fn counted(&mut self, count: u64, compacted: i64) {
        self.living += count;
        self.compacted = self.compacted.max(compacted);
        self.missing -= 1;
        if self.missing == 0 {
            let compacted = Revision(u64::try_from(self.compacted).unwrap_or(0));
            let (upto, nothing_lives) = (self.upto, self.living == 0);
            self.scope = Some(HashScope { upto, compacted, nothing_lives });
        }
    }

    /// Whether another core had compacted more than was asked for.
    fn came_too_late(&self) -> bool {
        self.compacted > self.upto.0 as i64
    }

    /// Feeds the hasher as far as it goes; the cores whose next page is needed.
    fn merge(&mut self) -> Vec<CoreId> {
        loop {
            let dry = self.sources.iter().filter(|(_, s)| s.records.is_empty() && !s.done);
            let dry: Vec<CoreId> = dry.map(|(core, _)| *core).collect();
            if !dry.is_empty() {
                return dry;
            }
            let heads = self.sources.values_mut().filter(|source| !source.records.is_empty());
            let next =
                heads.min_by_key(|source| (source.records[0].revision, source.records[0].sub));
            let Some(record) = next.and_then(|source| source.records.pop_front()) else {
                return Vec::new();
            };
            match record.put {
                Some((meta, value)) => self.hasher.put(&record.key, record.sub, &meta, &value),
                None => self.hasher.delete(&record.key, record.revision, record.sub),
            }
        }
    }
}

impl Core {
    pub(super) fn handle_hash_kv(&mut self, to: ReplyTo, revision: i64) {
        if revision < 0 {
            return self.answer_empty_hash(to, revision);
        }
        let wanted = u64::try_from(revision).ok().filter(|r| *r > 0).map(Revision);
        let upto = self.pin(wanted);
        let compacted = self.compaction.compacted();
        let error = match revision {
            r if r > 0 && r < compacted => Some(Error::Compacted),
            r if r > 0 && upto > self.applied => Some(Error::FutureRevision),
            _ => None,
        };
        if let Some(error) = error {
            self.publish_pins();
            return self.reply(to, Err(error));
        }
        let task = self.new_task();
        let cores: Vec<CoreId> = self.routing.owning_cores().collect();
        let hashing = Hashing {
            to,
            upto,
            compacted,
            missing: cores.len(),
            living: 0,
            scope: None,
            sources: cores.iter().map(|core| (*core, Source::default())).collect(),
            hasher: Hasher::new(),
        };
        self.reads.hashes.insert(task, hashing);
        self.publish_pins();
        for core in cores {
            self.mail(core, Mail::Hash(task, HashQuery::Count(upto)));
        }
    }

    /// Nothing was written up to a revision below 0; etcd hashes just that.
    fn answer_empty_hash(&mut self, to: ReplyTo, hash_revision: i64) {
        self.advance();
        let (revision, compact_revision) = (self.applied, self.compaction.compacted());
        let hash = Hasher::new().finish();
        self.reply(to, Ok(Response::HashKv { revision, hash, compact_revision, hash_revision }));
    }

    pub(super) fn handle_hash_query(&mut self, from: CoreId, task: TaskId, query: HashQuery) {
        self.advance();
        match query {
            HashQuery::Count(at) => {
                let count = self.shards.count_at(&Interval::everything(), at);
                let part = HashPart::Count(count, self.compaction.compacted());
                self.mail(from, Mail::HashDone(task, part));
            }
            HashQuery::Page(scope) => {
                let known = self.reads.hash_cursors.contains_key(&(from, task));
                if !known {
                    let records = self.records(scope);
                    self.reads.hash_cursors.insert((from, task), records);
                }
                self.answer_hash_page(from, task, Fetched::default());
            }
        }
    }

    /// All records of this core's shards in order, the last one first.
    fn records(&self, scope: HashScope) -> Vec<(RecordId, GroupId)> {
        let of_shard = |shard: &crate::shard::Shard| {
            let group = shard.id();
            shard.index().records(scope).into_iter().map(move |record| (record, group))
        };
        let mut records: Vec<_> = self.shards.iter().flat_map(of_shard).collect();
        records.sort_by_key(|(record, _)| std::cmp::Reverse((record.revision, record.sub)));
        records
    }

    pub(super) fn answer_hash_page(&mut self, from: CoreId, task: TaskId, fetched: Fetched) {
        let Some(cursor) = self.reads.hash_cursors.get(&(from, task)) else { return };
        let (mut page, mut cold, mut bytes, mut used) = (Vec::new(), Vec::new(), 0, 0);
        let page_limits = self.config.limits.page;
        for (id, group) in cursor.iter().rev().take(page_limits.keys) {
            if bytes > page_limits.bytes {
                break;
            }
            used += 1;
            let shard = self.shards.shard(*group);
            let Some(record) = shard.and_then(|shard| shard.index().record(*id)) else { continue };
            bytes += record.key.len() + record.found.map_or(0, |f| f.value.len as usize);
            let put = record.found.and_then(|found| {
                let value = value_of(&found.value, &fetched, &mut cold)?;
                Some((found.meta, value))
            });
            let (revision, sub) = (id.revision, id.sub);
            page.push(HashRecord { revision, sub, key: Bytes::copy_from_slice(record.key), put });
        }
        if !cold.is_empty() {
            return self.fetch(cold, fetched, Then::Hash(from, task));
        }
        let left = cursor.len() - used;
        match left {
            0 => drop(self.reads.hash_cursors.remove(&(from, task))),
            _ => self.reads.hash_cursors.entry((from, task)).or_default().truncate(left),
        }
        self.mail(from, Mail::HashDone(task, HashPart::Page(page, left == 0)));
    }

    pub(super) fn handle_hash(&mut self, from: CoreId, task: TaskId, part: HashPart) {
        let Some(hashing) = self.reads.hashes.get_mut(&task) else { return };
        match part {
            HashPart::Failed(error) => return self.end_hash(task, Some(error)),
            HashPart::Count(count, compacted) => hashing.counted(count, compacted),
            HashPart::Page(records, done) => {
                if let Some(source) = hashing.sources.get_mut(&from) {
                    source.records.extend(records);
                    source.done = done;
                }
                hashing.missing = hashing.missing.saturating_sub(1);
            }
        }
        match hashing.missing {
            0 if hashing.came_too_late() => self.end_hash(task, Some(Error::Compacted)),
            0 => self.run_hash(task),
            _ => {}
        }
    }

    fn run_hash(&mut self, task: TaskId) {
        let Some(hashing) = self.reads.hashes.get_mut(&task) else { return };
        let Some(scope) = hashing.scope else { return };
        let dry = hashing.merge();
        if dry.is_empty() {
            return self.end_hash(task, None);
        }
        hashing.missing = dry.len();
        for core in dry {
            self.mail(core, Mail::Hash(task, HashQuery::Page(scope)));
        }
    }

    fn end_hash(&mut self, task: TaskId, error: Option<Error>) {
        let Some(hashing) = self.reads.hashes.remove(&task) else { return };
        self.publish_pins();
        let Hashing { to, upto, compacted, hasher, .. } = hashing;
        let answer = Response::HashKv {
            revision: self.applied,
            hash: hasher.finish(),
            compact_revision: compacted,
            hash_revision: upto.0 as i64,
        };
        self.reply(to, error.map_or(Ok(answer), Err));
    }
}

fn value_of(
    stored: &crate::version::StoredValue<'_>,
    fetched: &Fetched,
    cold: &mut Vec<ColdValue>,
) -> Option<Bytes> {
    if stored.len == 0 {
        return Some(Bytes::new());
    }
    let value = stored.bytes.map(Bytes::copy_from_slice);
    let value = value.or_else(|| fetched.get(&stored.location).cloned());
    if value.is_none() {
        cold.push(ColdValue { location: stored.location, len: stored.len, crc: stored.crc });
    }
    value
}
