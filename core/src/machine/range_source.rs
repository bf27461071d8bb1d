//! One core's side of a range: its latest page, and where the next one starts.

use super::page::Page;
use super::reads::after;
use crate::interval::Interval;
use crate::kv_list::KvRef;

/// One core's side of the merge.
pub(super) struct Source {
    page: Page,
    /// The next pair of the page.
    pub(super) position: usize,
    /// Where the next page starts; `None` when the core has nothing left.
    pub(super) rest: Option<Interval>,
    /// A page was asked for and is not here.
    pub(super) asked: bool,
    /// No page was asked for yet.
    pub(super) fresh: bool,
}

impl Source {
    /// Before the first page.
    pub(super) fn new(interval: &Interval) -> Self {
        let rest = Some(interval.clone());
        Self { page: Page::default(), position: 0, rest, asked: false, fresh: true }
    }

    /// The next pair and the length of its value.
    pub(super) fn head(&self) -> Option<(KvRef<'_>, u32)> {
        let value_len = *self.page.value_lens.get(self.position)?;
        Some((self.page.kvs.get(self.position), value_len))
    }

    /// Whether the next pair is not known: a page must come first.
    pub(super) fn is_dry(&self) -> bool {
        self.rest.is_some() && self.position == self.page.value_lens.len()
    }

    /// Whether the core has no further keys.
    pub(super) fn is_exhausted(&self) -> bool {
        self.rest.is_none() && self.position == self.page.value_lens.len()
    }

    /// The page that was asked for is here.
    pub(super) fn take(&mut self, page: Page, interval: &Interval) {
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
