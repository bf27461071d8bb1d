//! The merge of a range: pages of several cores become chunks of one answer, in key order.

use std::collections::BTreeMap;

use braid_storage::ids::{CoreId, LeaseId, Revision};

use super::collected_view::CollectedView;
use super::encoded_len::encoded_len;
use super::mail::ReplyTo;
use super::page::{Page, PageQuery};
use super::range_source::Source;
use crate::api::{Delivery, RangeRequest, RangeResponse, ScanId};
use crate::error::Error;
use crate::evaluate::{self, Fetched, Snapshot, State, Stop, range};
use crate::interval::Interval;
use crate::kv_list::KvList;
use crate::limits::{Limits, PageLimits};

/// A range under way.
pub(super) struct RangeTask {
    request: RangeRequest,
    interval: Interval,
    /// Whether pairs leave in the order in which they are found.
    pub(super) in_key_order: bool,
    wants_values: bool,
    /// The revision that is read.
    at: Revision,
    /// The current revision when the range began, for the header.
    header: Revision,
    /// Who waits for the next reply; `None` while the front-end has not asked for the next chunk.
    pub(super) to: Option<ReplyTo>,
    pub(super) walk: Walk,
    sources: BTreeMap<CoreId, Source>,
    count: u64,
    /// Pairs taken so far in this walk.
    taken: u64,
    chunk: KvList,
    /// Of the chunk, the bytes that the core has counted.
    pub(super) counted_bytes: usize,
    /// Bytes that all pairs take on the wire, once measured.
    encoded_len: u64,
    page: PageLimits,
    whole_answer_bytes: usize,
}

/// What the walk over the keys is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// To gather the answer, hoping that it is small.
    Gather,
    /// To learn its size.
    Measure,
    /// To stream it.
    Stream,
}

impl RangeTask {
    /// The oldest revision that the task still needs.
    pub(super) fn pinned(&self) -> Revision {
        self.at
    }

    pub(super) fn new(
        to: ReplyTo,
        request: RangeRequest,
        interval: Interval,
        at: Revision,
        header: Revision,
        sources: BTreeMap<CoreId, Source>,
        limits: &Limits,
    ) -> Self {
        Self {
            // Order and filters do not change a count.
            in_key_order: range::is_plain(&request) || request.count_only,
            wants_values: range::wants_values(&request),
            request,
            interval,
            at,
            header,
            to: Some(to),
            walk: Walk::Gather,
            sources,
            count: 0,
            taken: 0,
            chunk: KvList::default(),
            counted_bytes: 0,
            encoded_len: 0,
            page: limits.page,
            whole_answer_bytes: limits.whole_answer_bytes,
        }
    }

    /// Most pairs that the answer may have.
    fn limit(&self) -> u64 {
        match self.request.limit {
            limit if limit > 0 && self.in_key_order => limit as u64,
            _ => u64::MAX,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.taken >= self.limit() || self.sources.values().all(Source::is_exhausted)
    }

    /// How many keys the next page of each core should have: about its share of what is missing.
    fn page_keys(&self) -> usize {
        if self.request.count_only {
            return 0;
        }
        let missing = self.limit() - self.taken.min(self.limit());
        let share = missing / self.sources.len().max(1) as u64;
        let slack = if self.sources.len() > 1 { share / 4 + 4 } else { 0 };
        usize::try_from(share + slack).unwrap_or(usize::MAX).clamp(1, self.page.keys)
    }

    /// The questions that must be answered before the merge can go on.
    pub(super) fn questions(&mut self) -> Vec<(CoreId, PageQuery)> {
        let (max_keys, at) = (self.page_keys(), self.at);
        let values = self.wants_values && self.walk != Walk::Measure;
        let first_walk = self.walk == Walk::Gather;
        let mut questions = Vec::new();
        for (core, source) in &mut self.sources {
            if source.is_dry()
                && !source.asked
                && let Some(interval) = source.rest.clone()
            {
                let count = first_walk && source.fresh;
                (source.asked, source.fresh) = (true, false);
                questions.push((*core, PageQuery { interval, at, max_keys, values, count }));
            }
        }
        questions
    }

    pub(super) fn take_page(&mut self, core: CoreId, page: Page) {
        self.count += page.count;
        if let Some(source) = self.sources.get_mut(&core) {
            source.take(page, &self.interval);
        }
    }

    /// Moves pairs from the pages into the chunk until a page runs dry, the limit is reached or
    /// the chunk is full.
    pub(super) fn merge(&mut self) {
        while self.taken < self.limit() && self.chunk.byte_len() < self.chunk_bytes() {
            if self.sources.values().any(Source::is_dry) {
                return;
            }
            let heads = self.sources.iter().filter_map(|(core, s)| Some((s.head()?.0.key, *core)));
            let Some((_, core)) = heads.min() else { return };
            self.take_head(core);
        }
    }

    /// Moves the next pair of `core` into the chunk, unless a filter leaves it out.
    fn take_head(&mut self, core: CoreId) {
        let Some(source) = self.sources.get_mut(&core) else { return };
        if let Some((mut pair, value_len)) = source.head()
            && range::passes(&self.request, &pair.meta)
        {
            if self.request.keys_only && !self.wants_values {
                pair.meta.lease = LeaseId(0);
            }
            if self.walk == Walk::Measure {
                let value_len = if self.wants_values { value_len } else { 0 };
                self.encoded_len += encoded_len(&pair, value_len);
            } else {
                self.chunk.push(pair.key, pair.value, pair.meta);
            }
        }
        source.position += 1;
        self.taken += 1;
    }

    /// How large the chunk may grow before something must happen. What has no bound of its own is
    /// bounded by what all ranges of the core gather.
    fn chunk_bytes(&self) -> usize {
        match (self.walk, self.request.delivery) {
            _ if !self.in_key_order => usize::MAX,
            (Walk::Stream, _) | (_, Delivery::Chunks) => self.page.bytes,
            (_, Delivery::Sized) => self.whole_answer_bytes,
            (_, Delivery::Whole) => usize::MAX,
        }
    }

    /// Whether the answer is too large to be built whole, and its size is wanted first.
    pub(super) fn must_be_measured(&self) -> bool {
        self.walk == Walk::Gather && self.request.delivery == Delivery::Sized
    }

    /// Bytes of the chunk.
    pub(super) fn gathered_bytes(&self) -> usize {
        self.chunk.byte_len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.chunk.byte_len() >= self.chunk_bytes()
    }

    /// Begins the next walk from the first key.
    pub(super) fn restart(&mut self, walk: Walk) {
        self.walk = walk;
        self.taken = 0;
        self.chunk = KvList::default();
        for source in self.sources.values_mut() {
            *source = Source::new(&self.interval);
        }
    }

    fn more(&self) -> bool {
        !self.request.count_only && self.request.limit > 0 && self.count > self.request.limit as u64
    }

    pub(super) fn response(&mut self, rest: Option<ScanId>) -> RangeResponse {
        RangeResponse {
            revision: self.header,
            kvs: std::mem::take(&mut self.chunk),
            more: self.more(),
            count: self.count as i64,
            rest,
            kvs_encoded_len: self.encoded_len,
        }
    }

    /// The answer to a request with filters or an order of its own, from all pairs that the
    /// filters let pass. In one piece: an order is only known when all is sorted, and how much that
    /// can be is bounded by [`CoreConfig::gathered_bytes`](super::CoreConfig).
    pub(super) fn sorted(&mut self) -> Result<RangeResponse, Error> {
        let pairs = std::mem::take(&mut self.chunk);
        let request = RangeRequest { revision: 0, ..self.request.clone() };
        let state = State { current: self.header, readable: self.header, compacted: -1 };
        let view = CollectedView::of(&pairs);
        match evaluate::range(&view, &request, Snapshot::Newest, &state, &Fetched::default()) {
            Ok(response) => Ok(RangeResponse { count: self.count as i64, ..response }),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Cold(_)) => unreachable!("gathered pairs have their values"),
        }
    }
}
