//! The conditions of transactions.

use std::cmp::Ordering;

use crate::api::{Compare, CompareTarget};
use crate::evaluate::value::Reader;
use crate::evaluate::{Fetched, Stop};
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::version::{Found, View};

const EQUAL: i32 = 0;
const GREATER: i32 = 1;
const LESS: i32 = 2;
const NOT_EQUAL: i32 = 3;

/// Whether all of `compares` hold.
///
/// # Errors
/// Values must be fetched first, to know.
pub fn all_hold(view: &dyn View, compares: &[Compare], fetched: &Fetched) -> Result<bool, Stop> {
    let mut reader = Reader::new(fetched);
    if !compares.iter().all(|compare| may_hold(view, compare, &mut reader)) {
        return Ok(false);
    }
    reader.finish(true)
}

/// Whether a compare holds, as far as the values that can be read tell.
fn may_hold(view: &dyn View, compare: &Compare, reader: &mut Reader<'_>) -> bool {
    let interval = Interval::new(compare.key.clone(), compare.range_end.clone());
    if interval.is_single() {
        return match view.get(&compare.key) {
            Some(found) => found_may_hold(compare, &found, reader),
            None => holds_for_nothing(compare),
        };
    }
    let (mut empty, mut all) = (true, true);
    view.visit(&interval, &mut |_, found| {
        empty = false;
        all = found_may_hold(compare, &found, reader);
        all
    });
    if empty { holds_for_nothing(compare) } else { all }
}

fn found_may_hold(compare: &Compare, found: &Found<'_>, reader: &mut Reader<'_>) -> bool {
    match &compare.target {
        CompareTarget::Value(wanted) => reader
            .read(&found.value)
            .is_none_or(|value| holds(compare.result, value.cmp(&wanted[..]))),
        target => holds(compare.result, order(target, &found.meta)),
    }
}

/// A missing key has all its numbers 0, but no value that could be compared.
fn holds_for_nothing(compare: &Compare) -> bool {
    match &compare.target {
        CompareTarget::Value(_) => false,
        target => holds(compare.result, order(target, &KvMeta::default())),
    }
}

fn order(target: &CompareTarget, meta: &KvMeta) -> Ordering {
    match *target {
        CompareTarget::Version(wanted) => unsigned(meta.version, wanted),
        CompareTarget::Create(wanted) => unsigned(meta.create_revision.0, wanted),
        CompareTarget::Mod(wanted) => unsigned(meta.mod_revision.0, wanted),
        CompareTarget::Lease(wanted) => meta.lease.0.cmp(&wanted),
        CompareTarget::Value(_) | CompareTarget::Unknown => Ordering::Equal,
    }
}

fn unsigned(have: u64, wanted: i64) -> Ordering {
    u64::try_from(wanted).map_or(Ordering::Greater, |wanted| have.cmp(&wanted))
}

fn holds(result: i32, order: Ordering) -> bool {
    match result {
        EQUAL => order.is_eq(),
        GREATER => order.is_gt(),
        LESS => order.is_lt(),
        NOT_EQUAL => order.is_ne(),
        _ => true,
    }
}
