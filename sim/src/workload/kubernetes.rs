//! What an API server of Kubernetes does: lists in pages at one revision, then watches from there;
//! writes only what is still as it was read. In the end its cache is what a list tells.

use std::collections::BTreeMap;
use std::time::Duration;

use braid_core::api::{
    DeleteRangeRequest, Operation, RangeRequest, RangeResponse, Request, Response, WatchCreate,
    WatchResponse,
};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use braid_core::kv_list::KvRef;
use bytes::Bytes;

use super::request::{all, get, if_unchanged, put, read};
use super::{Known, Reader, Step, Workload};
use crate::failure::{Failure, Verdict};
use crate::model::random::Random;

const PREFIX: &str = "pods/";
const PODS: u64 = 6;
const PAGE: i64 = 2;

/// Value and last change of each object.
type Cache = BTreeMap<Bytes, (Bytes, u64)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Reads pages; the revision of the first one, if there was one.
    Listing(Option<u64>),
    /// Has all pages of a revision.
    Listed(u64),
    Watching,
    /// The watch has ended.
    Lost,
}

pub(super) struct Kubernetes {
    phase: Phase,
    cache: Cache,
    /// The first key of the next page.
    next: Bytes,
}

impl Default for Kubernetes {
    fn default() -> Self {
        let mut new = Self { phase: Phase::Lost, cache: Cache::new(), next: Bytes::new() };
        new.list_again();
        new
    }
}

impl Kubernetes {
    fn list_again(&mut self) {
        self.phase = Phase::Listing(None);
        self.cache.clear();
        self.next = all(PREFIX).key;
    }

    /// The request for the next page.
    fn page(&self, revision: Option<u64>) -> RangeRequest {
        let revision = revision.unwrap_or(0) as i64;
        RangeRequest { key: self.next.clone(), limit: PAGE, revision, ..all(PREFIX) }
    }

    fn paged(&mut self, revision: Option<u64>, page: &RangeResponse) {
        let revision = revision.unwrap_or(page.revision.0);
        for kv in page.kvs.iter() {
            self.next = [kv.key, b"\0"].concat().into();
            let (key, object) = object(kv);
            self.cache.insert(key, object);
        }
        self.phase =
            if page.more { Phase::Listing(Some(revision)) } else { Phase::Listed(revision) };
    }

    /// Creates, updates or deletes an object, if it is as the cache has it.
    fn write(&self, random: &mut Random) -> Request {
        let key = Bytes::from(format!("{PREFIX}{}", random.below(PODS)));
        let changed = self.cache.get(&key).map_or(0, |(_, changed)| *changed);
        let write = if changed > 0 && random.one_in(3) {
            Operation::DeleteRange(DeleteRangeRequest { key: key.clone(), ..Default::default() })
        } else {
            put(&key, format!("{:x}", random.below(1 << 20)), LeaseId(0))
        };
        if_unchanged(&[(&key, changed)], vec![write], get(&key))
    }
}

impl Workload for Kubernetes {
    fn next(&mut self, _: &mut Known, random: &mut Random) -> Step {
        match self.phase {
            Phase::Lost => {
                self.list_again();
                Step::Close
            }
            Phase::Listing(revision) => Step::Call(Request::Range(self.page(revision))),
            Phase::Listed(revision) => {
                self.phase = Phase::Watching;
                let RangeRequest { key, range_end, .. } = all(PREFIX);
                let start_revision = revision as i64 + 1;
                let create = WatchCreate { key, range_end, start_revision, ..Default::default() };
                Step::Watch(vec![create], Reader::Eager)
            }
            Phase::Watching => match random.below(20) {
                0 => Step::Progress,
                1 => {
                    self.list_again();
                    Step::Close
                }
                2..=4 => Step::Pause(Duration::from_millis(random.below(20))),
                _ => Step::Call(self.write(random)),
            },
        }
    }

    fn answered(
        &mut self,
        request: &Request,
        answer: &Result<Response, Error>,
        _: &mut Known,
    ) -> Verdict {
        let (Phase::Listing(revision), Request::Range(_)) = (self.phase, request) else {
            return Ok(());
        };
        match answer {
            Ok(page) => read(page, 0).into_iter().for_each(|page| self.paged(revision, page)),
            // What was compacted meanwhile can only be listed anew.
            Err(_) => self.list_again(),
        }
        Ok(())
    }

    fn told(&mut self, response: &WatchResponse) -> Verdict {
        if self.phase != Phase::Watching {
            return Ok(());
        }
        for event in response.events.iter() {
            let (key, changed) = (event.kv.key.clone(), event.kv.mod_revision.0);
            if self.cache.get(&key).is_some_and(|(_, cached)| *cached >= changed) {
                let evidence = format!("{event:?} is no news: {:?}", self.cache.get(&key));
                return Err(Failure::new("kubernetes: a watch goes on from its list", evidence));
            }
            if event.deleted {
                self.cache.remove(&key);
            } else {
                self.cache.insert(key, (event.kv.value.clone(), changed));
            }
        }
        if response.canceled {
            self.phase = Phase::Lost;
        }
        Ok(())
    }

    fn at_rest(&self, everything: &RangeResponse) -> Verdict {
        let mine = everything.kvs.iter().filter(|kv| kv.key.starts_with(PREFIX.as_bytes()));
        let listed: Cache = mine.map(object).collect();
        if self.phase != Phase::Watching || listed == self.cache {
            return Ok(());
        }
        let evidence = format!("listed {listed:?}\ncached {:?}", self.cache);
        Err(Failure::new("kubernetes: in the end a cache is what is there", evidence))
    }
}

/// An object and its key.
fn object(kv: KvRef<'_>) -> (Bytes, (Bytes, u64)) {
    let value = Bytes::copy_from_slice(kv.value);
    (Bytes::copy_from_slice(kv.key), (value, kv.meta.mod_revision.0))
}
