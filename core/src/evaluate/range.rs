//! Ranges: reading keys at one moment.

use crate::api::{RangeRequest, RangeResponse};
use crate::error::Error;
use crate::evaluate::select::{self, Entries};
use crate::evaluate::value::Reader;
use crate::evaluate::{Fetched, Snapshot, State, Stop};
use crate::ids::Revision;
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::version::{Found, View};

/// Reads all of a range's answer at once. Keys beyond the limit are counted, not touched, unless
/// an order or a filter of the request needs them.
///
/// `snapshot` is what a range without a revision of its own reads; the header shows
/// `state.current`.
///
/// # Errors
/// A revision that is gone or not there yet, or values that must be fetched first.
pub fn range(
    view: &dyn View,
    request: &RangeRequest,
    snapshot: Snapshot,
    state: &State,
    fetched: &Fetched,
) -> Result<RangeResponse, Stop> {
    let mut reader = Reader::new(fetched);
    let response = read(view, request, snapshot, state, &mut reader)?;
    reader.finish(response)
}

/// As [`range`], with values that must be fetched first left empty and noted by `reader`.
pub(super) fn read(
    view: &dyn View,
    request: &RangeRequest,
    snapshot: Snapshot,
    state: &State,
    reader: &mut Reader<'_>,
) -> Result<RangeResponse, Error> {
    let snapshot = moment(request, snapshot, state)?;
    let interval = Interval::new(request.key.clone(), request.range_end.clone());
    let entries = select(&Source { view, interval, snapshot }, request, reader);
    Ok(RangeResponse {
        revision: state.current,
        kvs: entries.kvs,
        more: entries.more,
        count: i64::try_from(entries.count).unwrap_or(i64::MAX),
        ..RangeResponse::default()
    })
}

/// Whether the answer is the first keys of the interval, in ascending order: it can be found page
/// by page.
#[must_use]
pub fn is_plain(request: &RangeRequest) -> bool {
    select::is_key_order(request) && !select::has_filters(request)
}

/// Whether the filters of `request` let a pair pass.
#[must_use]
pub fn passes(request: &RangeRequest, meta: &KvMeta) -> bool {
    select::passes(request, meta)
}

/// Whether answering needs the values.
#[must_use]
pub fn wants_values(request: &RangeRequest) -> bool {
    !request.count_only && (!request.keys_only || select::orders_by_value(request))
}

/// Checks the revision of a range on its own.
///
/// # Errors
/// It is gone, or not there yet.
pub fn check(request: &RangeRequest, state: &State) -> Result<(), Error> {
    moment(request, Snapshot::Newest, state).map(|_| ())
}

/// Checks the revision of a range inside a transaction. Unlike outside of one, a negative
/// revision counts as compacted once something was.
pub(super) fn check_in_txn(request: &RangeRequest, state: &State) -> Result<(), Error> {
    match request.revision {
        0 => Ok(()),
        revision if is_future(revision, state) => Err(Error::FutureRevision),
        revision if revision < state.compacted => Err(Error::Compacted),
        _ => Ok(()),
    }
}

fn moment(request: &RangeRequest, newest: Snapshot, state: &State) -> Result<Snapshot, Error> {
    match u64::try_from(request.revision) {
        Err(_) | Ok(0) => Ok(newest),
        Ok(_) if is_future(request.revision, state) => Err(Error::FutureRevision),
        Ok(_) if request.revision < state.compacted => Err(Error::Compacted),
        Ok(revision) => Ok(Snapshot::At(Revision(revision))),
    }
}

fn is_future(revision: i64, state: &State) -> bool {
    u64::try_from(revision).is_ok_and(|revision| revision > state.readable.0)
}

fn select(source: &Source<'_>, request: &RangeRequest, reader: &mut Reader<'_>) -> Entries {
    if request.count_only {
        Entries { count: source.count(), ..Entries::default() }
    } else if source.interval.is_single() || select::is_key_order(request) {
        select::in_key_order(source, request, reader)
    } else {
        select::sorted(source, request, reader)
    }
}

/// The keys of an interval at one moment.
pub(super) struct Source<'a> {
    view: &'a dyn View,
    /// Which keys.
    pub interval: Interval,
    snapshot: Snapshot,
}

impl Source<'_> {
    /// How many keys there are.
    pub fn count(&self) -> u64 {
        match self.snapshot {
            Snapshot::Newest => self.view.count(&self.interval),
            Snapshot::At(revision) => self.view.count_at(&self.interval, revision),
        }
    }

    /// Calls `visitor` with each key in order until it returns `false`.
    pub fn visit(&self, visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool) {
        self.visit_interval(&self.interval, visitor);
    }

    /// Calls `visitor` with `key`, if it is there.
    pub fn find(&self, key: &[u8], mut visitor: impl FnMut(Found<'_>)) {
        let interval = Interval::single(bytes::Bytes::copy_from_slice(key));
        self.visit_interval(&interval, &mut |_, found| {
            visitor(found);
            false
        });
    }

    fn visit_interval(
        &self,
        interval: &Interval,
        visitor: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
    ) {
        match self.snapshot {
            Snapshot::Newest if interval.is_single() => {
                if let Some(found) = self.view.get(&interval.start) {
                    visitor(&interval.start, found);
                }
            }
            Snapshot::Newest => self.view.visit(interval, visitor),
            Snapshot::At(revision) => self.view.visit_at(interval, revision, visitor),
        }
    }
}
