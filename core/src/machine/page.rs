//! One page of a range, as the core that owns some of its keys answers it.

use braid_storage::ids::Revision;

use crate::evaluate::Fetched;
use crate::interval::Interval;
use crate::kv_list::KvList;
use crate::limits::PageLimits;
use crate::machine::shards::Shards;
use crate::version::{ColdValue, Found, View};

/// What is asked of one core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// The keys still wanted.
    pub interval: Interval,
    /// The revision to read at; it is pinned by the asking core.
    pub at: Revision,
    /// Most pairs wanted.
    pub max_keys: usize,
    /// Whether values are wanted.
    pub values: bool,
    /// Whether the number of keys in the whole interval is wanted.
    pub count: bool,
}

/// A page of pairs in key order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The pairs; without values if none were wanted.
    pub kvs: KvList,
    /// For each pair, the length of its value.
    pub value_lens: Vec<u32>,
    /// Whether the core has no further keys in the interval.
    pub done: bool,
    /// Keys in the interval, when asked for.
    pub count: u64,
}

/// Reads a page.
///
/// # Errors
/// The values that must be fetched from disk first; all of the page's at once.
pub fn read_page(
    shards: &Shards,
    query: &PageQuery,
    fetched: &Fetched,
    limits: PageLimits,
) -> Result<Page, Vec<ColdValue>> {
    let mut page = Page { done: true, ..Page::default() };
    let mut cold = Vec::new();
    let mut bytes = 0;
    let max_keys = query.max_keys.min(limits.keys);
    let mut visitor = |key: &[u8], found: Found<'_>| {
        if page.value_lens.len() == max_keys || bytes > limits.bytes {
            page.done = false;
            return false;
        }
        let value = if query.values { value_of(&found, fetched) } else { Some(&[][..]) };
        bytes += key.len() + if query.values { found.value.len as usize } else { 0 };
        match value {
            Some(value) => page.kvs.push(key, value, found.meta),
            None => cold.push(ColdValue {
                location: found.value.location,
                len: found.value.len,
                crc: found.value.crc,
            }),
        }
        page.value_lens.push(found.value.len);
        true
    };
    if max_keys > 0 {
        shards.visit_at(&query.interval, query.at, &mut visitor);
    }
    if !cold.is_empty() {
        return Err(cold);
    }
    if query.count {
        page.count = shards.count_at(&query.interval, query.at);
    }
    Ok(page)
}

fn value_of<'a>(found: &Found<'a>, fetched: &'a Fetched) -> Option<&'a [u8]> {
    if found.value.len == 0 {
        return Some(&[]);
    }
    found.value.bytes.or_else(|| fetched.get(&found.value.location).map(|value| &value[..]))
}
