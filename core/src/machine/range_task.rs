//! A range over several keys: pages from every core that owns some of them, merged by key.
//!
//! Memory is bounded: one page per core and one chunk of the answer. An answer that does not fit
//! [`WHOLE_ANSWER_BYTES_MAX`] and is wanted as one message is walked twice, once for its size and
//! once for its bytes; both walks see the same pinned revision.

use std::collections::BTreeMap;

use braid_storage::ids::{CoreId, LeaseId, Revision};

use super::Core;
use super::collect::CollectedView;
use super::mail::{Mail, ReplyTo, TaskId};
use super::page::{Page, PageQuery};
use super::reads::after;
use crate::api::{Delivery, RangeRequest, RangeResponse, Response, ScanId};
use crate::error::Error;
use crate::evaluate::{self, Fetched, Snapshot, State, Stop, range};
use crate::interval::Interval;
use crate::kv_list::{KvList, KvRef};
use crate::limits::{GATHERED_BYTES_MAX, PAGE_BYTES_MAX, PAGE_KEYS_MAX, WHOLE_ANSWER_BYTES_MAX};

/// A range under way.
pub(super) struct RangeTask {
    request: RangeRequest,
    interval: Interval,
    /// Whether pairs leave in the order in which they are found.
    in_key_order: bool,
    wants_values: bool,
    /// The revision that is read.
    at: Revision,
    /// The current revision when the range began, for the header.
    header: Revision,
    /// Who waits for the next reply; `None` while the front-end has not asked for the next chunk.
    to: Option<ReplyTo>,
    walk: Walk,
    sources: BTreeMap<CoreId, Source>,
    count: u64,
    /// Pairs taken so far in this walk.
    taken: u64,
    chunk: KvList,
    /// Bytes that all pairs take on the wire, once measured.
    encoded_len: u64,
}

/// What the walk over the keys is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    /// To gather the answer, hoping that it is small.
    Gather,
    /// To learn its size.
    Measure,
    /// To stream it.
    Stream,
}

/// One core's side of the merge.
struct Source {
    page: Page,
    /// The next pair of the page.
    position: usize,
    /// Where the next page starts; `None` when the core has nothing left.
    rest: Option<Interval>,
    asked: bool,
    fresh: bool,
}

impl RangeTask {
    /// The oldest revision that the task still needs.
    pub(super) fn pinned(&self) -> Revision {
        self.at
    }

    fn new(
        to: ReplyTo,
        request: RangeRequest,
        interval: Interval,
        at: Revision,
        header: Revision,
        sources: BTreeMap<CoreId, Source>,
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
            encoded_len: 0,
        }
    }

    /// Most pairs that the answer may have.
    fn limit(&self) -> u64 {
        match self.request.limit {
            limit if limit > 0 && self.in_key_order => limit as u64,
            _ => u64::MAX,
        }
    }

    fn is_complete(&self) -> bool {
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
        usize::try_from(share + slack).unwrap_or(PAGE_KEYS_MAX).clamp(1, PAGE_KEYS_MAX)
    }

    /// The questions that must be answered before the merge can go on.
    fn questions(&mut self) -> Vec<(CoreId, PageQuery)> {
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

    fn take_page(&mut self, core: CoreId, page: Page) {
        self.count += page.count;
        if let Some(source) = self.sources.get_mut(&core) {
            source.take(page, &self.interval);
        }
    }

    /// Moves pairs from the pages into the chunk until a page runs dry, the limit is reached or
    /// the chunk is full.
    fn merge(&mut self) {
        while self.taken < self.limit() && self.chunk.byte_len() < self.chunk_bytes() {
            if self.sources.values().any(Source::is_dry) {
                return;
            }
            let heads = self.sources.iter().filter_map(|(core, s)| Some((s.head()?.0.key, *core)));
            let Some((_, core)) = heads.min() else { return };
            let Some(source) = self.sources.get_mut(&core) else { return };
            if let Some((mut pair, value_len)) = source.head() {
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
    }

    /// How large the chunk may grow before something must happen.
    fn chunk_bytes(&self) -> usize {
        match (self.walk, self.request.delivery) {
            _ if !self.in_key_order => GATHERED_BYTES_MAX,
            (Walk::Stream, _) | (_, Delivery::Chunks) => PAGE_BYTES_MAX,
            (_, Delivery::Sized) => WHOLE_ANSWER_BYTES_MAX,
            (_, Delivery::Whole) => GATHERED_BYTES_MAX,
        }
    }

    fn is_full(&self) -> bool {
        self.chunk.byte_len() >= self.chunk_bytes()
    }

    /// Begins the next walk from the first key.
    fn restart(&mut self, walk: Walk) {
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

    fn response(&mut self, rest: Option<ScanId>) -> RangeResponse {
        RangeResponse {
            revision: self.header,
            kvs: std::mem::take(&mut self.chunk),
            more: self.more(),
            count: self.count as i64,
            rest,
            kvs_encoded_len: self.encoded_len,
        }
    }

    /// The answer to a request with filters or an order of its own, from all pairs.
    fn sorted(&mut self) -> Result<RangeResponse, Error> {
        let pairs = std::mem::take(&mut self.chunk);
        let request = RangeRequest { revision: 0, ..self.request.clone() };
        let state = State { current: self.header, readable: self.header, compacted: -1 };
        let view = CollectedView::of(&pairs);
        match evaluate::range(&view, &request, Snapshot::Newest, &state, &Fetched::default()) {
            Ok(response) => Ok(response),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Cold(_)) => unreachable!("gathered pairs have their values"),
        }
    }
}

impl Source {
    fn new(interval: &Interval) -> Self {
        let rest = Some(interval.clone());
        Self { page: Page::default(), position: 0, rest, asked: false, fresh: true }
    }

    fn head(&self) -> Option<(KvRef<'_>, u32)> {
        let value_len = *self.page.value_lens.get(self.position)?;
        Some((self.page.kvs.get(self.position), value_len))
    }

    /// Whether the next pair is not known: a page must come first.
    fn is_dry(&self) -> bool {
        self.rest.is_some() && self.position == self.page.value_lens.len()
    }

    fn is_exhausted(&self) -> bool {
        self.rest.is_none() && self.position == self.page.value_lens.len()
    }

    fn take(&mut self, page: Page, interval: &Interval) {
        let last = page.value_lens.len().checked_sub(1).map(|last| after(page.kvs.get(last).key));
        self.rest = match last {
            Some(start) if !page.done => Some(Interval { start, end: interval.end.clone() }),
            _ => None,
        };
        self.asked = false;
        self.position = 0;
        self.page = page;
    }
}

/// Bytes of a pair as field 2 of etcd's RangeResponse, a KeyValue message: one tag byte and a
/// varint for each field that is not empty, and the same around the whole.
fn encoded_len(pair: &KvRef<'_>, value_len: u32) -> u64 {
    let number = |n: u64| if n == 0 { 0 } else { 1 + varint_len(n) };
    let bytes = |len: u64| if len == 0 { 0 } else { 1 + varint_len(len) + len };
    let meta = &pair.meta;
    let message = bytes(pair.key.len() as u64)
        + number(meta.create_revision.0)
        + number(meta.mod_revision.0)
        + number(meta.version)
        + bytes(u64::from(value_len))
        + number(meta.lease.0 as u64);
    1 + varint_len(message) + message
}

/// Bytes of `n` as a protobuf varint: seven bits a byte.
fn varint_len(n: u64) -> u64 {
    u64::from((63 - (n | 1).leading_zeros()) / 7 + 1)
}

impl Core {
    /// Begins a range over several keys.
    pub(super) fn start_range(&mut self, to: ReplyTo, request: RangeRequest, interval: Interval) {
        let wanted = (request.revision > 0).then_some(Revision(request.revision as u64));
        let at = self.pin(wanted);
        let state = self.read_state();
        if let Err(error) = range::check(&request, &state) {
            self.publish_pins();
            return self.reply(to, Err(error));
        }
        let id = self.new_task();
        let cores =
            self.routing.owning_cores().map(|core| (core, Source::new(&interval))).collect();
        let task = RangeTask::new(to, request, interval, at, state.current, cores);
        self.reads.ranges.insert(id, task);
        self.run_range(id);
    }

    /// Takes a range as far as it goes without waiting.
    fn run_range(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        task.merge();
        if task.is_complete() {
            match task.walk {
                Walk::Measure => task.restart(Walk::Stream),
                Walk::Gather | Walk::Stream => return self.finish_range(id),
            }
        } else if task.is_full() {
            match (task.chunk_bytes(), task.walk) {
                (GATHERED_BYTES_MAX, _) => return self.fail_range(id, Error::TooManyRequests),
                (WHOLE_ANSWER_BYTES_MAX, Walk::Gather) => task.restart(Walk::Measure),
                _ => return self.send_chunk(id),
            }
        }
        for (core, query) in task.questions() {
            self.mail(core, Mail::Page(id, Box::new(query)));
        }
    }

    pub(super) fn handle_page(&mut self, from: CoreId, id: TaskId, page: Result<Page, Error>) {
        match page {
            Err(error) => self.fail_range(id, error),
            Ok(page) => {
                if let Some(task) = self.reads.ranges.get_mut(&id) {
                    task.take_page(from, page);
                    self.run_range(id);
                }
            }
        }
    }

    pub(super) fn handle_range_next(&mut self, to: ReplyTo, scan: ScanId) {
        let id = TaskId(scan.0);
        match self.reads.ranges.get_mut(&id) {
            Some(task) => task.to = Some(to),
            // The scan failed between two chunks, or was never there.
            None => return self.reply(to, Err(Error::RequestCanceled)),
        }
        self.run_range(id);
    }

    fn send_chunk(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        if let Some(to) = task.to.take() {
            let response = task.response(Some(ScanId(id.0)));
            self.reply(to, Ok(Response::Range(response)));
        }
    }

    fn finish_range(&mut self, id: TaskId) {
        let Some(task) = self.reads.ranges.get_mut(&id) else { return };
        // A chunk that nobody has asked for yet waits.
        let Some(to) = task.to.take() else { return };
        let response = if task.in_key_order { Ok(task.response(None)) } else { task.sorted() };
        self.reads.ranges.remove(&id);
        self.publish_pins();
        self.reply(to, response.map(Response::Range));
    }

    fn fail_range(&mut self, id: TaskId, error: Error) {
        let Some(task) = self.reads.ranges.remove(&id) else { return };
        self.publish_pins();
        if let Some(to) = task.to {
            self.reply(to, Err(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::varint_len;

    #[test]
    fn varints_take_seven_bits_a_byte() {
        let lens = [0, 1, 127, 128, 16_383, 16_384, u64::MAX].map(varint_len);
        assert_eq!(lens, [1, 1, 1, 2, 2, 3, 10]);
    }
}
