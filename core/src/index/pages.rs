//! Bytes in pages of equal slots, for millions of small things without an allocation for each.
//!
//! A slot is named by page and place for as long as it is used, in four bytes. Pages of one slot size
//! are filled before new ones are made and given back when they are empty; a page is 64 KiB unless
//! one slot is larger.

use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a page, as far as whole slots allow.
const PAGE: usize = 64 * 1024;
/// Bits of a slot's number that name its place in its page.
const PLACE_BITS: u32 = 10;
/// Slots up to this size have less than four bytes of padding.
pub(super) const LARGEST_SMALL: usize = 512;
/// Larger slots get a page of exactly their size.
const LARGEST_PADDED: usize = PAGE;

/// Slots by number. A number is used again after its slot was removed.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    /// Pages with free slots, by slot size.
    open: BTreeMap<usize, BTreeSet<u32>>,
    /// Pages without memory.
    spare: Vec<u32>,
}

#[derive(Debug)]
struct Page {
    bytes: Box<[u8]>,
    slot_size: usize,
    /// Slots that were used and are free again.
    free: Vec<u16>,
    /// Slots that were ever used.
    touched: u16,
}

impl Pages {
    /// A slot of [`slot_size`] of `bytes`. What it holds is left from its last use.
    pub(super) fn insert(&mut self, bytes: usize) -> u32 {
        let size = slot_size(bytes);
        let number = self.open_page(size);
        let page = &mut self.pages[number as usize];
        let place = page.take();
        if page.is_full() {
            self.close_page(number, size);
        }
        (number << PLACE_BITS) | place
    }

    /// Removes a slot.
    pub(super) fn remove(&mut self, slot: u32) {
        let (number, place) = split(slot);
        let page = &mut self.pages[number];
        let size = page.slot_size;
        page.free.push(place as u16);
        let number = number as u32;
        if page.is_empty() {
            *page = Page::default();
            self.close_page(number, size);
            self.spare.push(number);
        } else {
            self.open.entry(size).or_default().insert(number);
        }
    }

    /// Whether `slot` is in use.
    pub(super) fn holds(&self, slot: u32) -> bool {
        let (number, place) = split(slot);
        let page = &self.pages[number];
        place < page.touched.into() && !page.free.contains(&(place as u16))
    }

    /// The number that follows among those of slots that were ever in use, from the first again
    /// after the last.
    pub(super) fn after(&self, slot: u32) -> u32 {
        let (number, place) = split(slot);
        let more = self.pages.get(number).is_some_and(|page| place + 1 < page.touched.into());
        match number + 1 < self.pages.len() {
            _ if more => slot + 1,
            true => ((number + 1) as u32) << PLACE_BITS,
            false => 0,
        }
    }

    /// The bytes of a slot, if it was ever in use since its page was made.
    pub(super) fn find(&self, slot: u32) -> Option<&[u8]> {
        let (number, place) = split(slot);
        let page = self.pages.get(number).filter(|page| place < page.touched.into())?;
        Some(page.slot(place))
    }

    /// The bytes of a slot that is in use.
    pub(super) fn get(&self, slot: u32) -> &[u8] {
        let (number, place) = split(slot);
        self.pages[number].slot(place)
    }

    /// As [`Self::get`], to change them.
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut [u8] {
        let (number, place) = split(slot);
        self.pages[number].slot_mut(place)
    }

    /// A page with a free slot of this size.
    fn open_page(&mut self, size: usize) -> u32 {
        if let Some(number) = self.open.get(&size).and_then(BTreeSet::first) {
            return *number;
        }
        let number = self.spare.pop().unwrap_or_else(|| {
            self.pages.push(Page::default());
            self.pages.len() as u32 - 1
        });
        assert!(number < 1 << (32 - PLACE_BITS), "more slots on one shard than can be numbered");
        self.pages[number as usize] = Page::new(size);
        self.open.entry(size).or_default().insert(number);
        number
    }

    fn close_page(&mut self, number: u32, size: usize) {
        if let Some(open) = self.open.get_mut(&size) {
            open.remove(&number);
            if open.is_empty() {
                self.open.remove(&size);
            }
        }
    }
}

/// Page and place of a slot.
fn split(slot: u32) -> (usize, usize) {
    ((slot >> PLACE_BITS) as usize, (slot % (1 << PLACE_BITS)) as usize)
}

impl Default for Page {
    fn default() -> Self {
        Self { bytes: Box::default(), slot_size: 1, free: Vec::new(), touched: 0 }
    }
}

impl Page {
    fn new(slot_size: usize) -> Self {
        let slots = (PAGE / slot_size).clamp(1, 1 << PLACE_BITS);
        Self { bytes: vec![0; slots * slot_size].into(), slot_size, ..Self::default() }
    }

    fn is_full(&self) -> bool {
        let slots = self.bytes.len() / self.slot_size;
        self.free.is_empty() && usize::from(self.touched) == slots
    }

    fn is_empty(&self) -> bool {
        self.free.len() == usize::from(self.touched)
    }

    /// The page must not be full.
    fn take(&mut self) -> u32 {
        if let Some(place) = self.free.pop() {
            return place.into();
        }
        self.touched += 1;
        u32::from(self.touched) - 1
    }

    fn slot(&self, place: usize) -> &[u8] {
        let start = place * self.slot_size;
        &self.bytes[start..start + self.slot_size]
    }

    fn slot_mut(&mut self, place: usize) -> &mut [u8] {
        let start = place * self.slot_size;
        &mut self.bytes[start..start + self.slot_size]
    }
}

/// Slot sizes are multiples of 4, and above [`LARGEST_SMALL`] such that at most an eighth is lost.
pub(super) fn slot_size(bytes: usize) -> usize {
    match bytes {
        0..=LARGEST_SMALL => bytes.next_multiple_of(4).max(4),
        _ if bytes <= LARGEST_PADDED => bytes.next_multiple_of(bytes.next_power_of_two() / 16),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(n: u32) -> usize {
        if n % 100 == 99 { 700 * n as usize } else { n as usize % 80 }
    }

    fn fill(pages: &mut Pages) -> Vec<u32> {
        let slots: Vec<u32> = (0..2000).map(|n| pages.insert(size(n) + 4)).collect();
        for (n, slot) in (0..2000u32).zip(&slots) {
            pages.get_mut(*slot)[..4].copy_from_slice(&n.to_le_bytes());
        }
        slots
    }

    #[test]
    fn slots_of_all_sizes_are_apart_and_walked_over() {
        let mut pages = Pages::default();
        let slots = fill(&mut pages);
        for (n, slot) in (0..2000u32).zip(&slots) {
            assert_eq!(pages.get(*slot)[..4], n.to_le_bytes());
            assert!(pages.holds(*slot) && pages.get(*slot).len() >= size(n) + 4);
        }
        let mut walked: Vec<u32> =
            std::iter::successors(Some(0), |slot| Some(pages.after(*slot))).take(2000).collect();
        assert_eq!(pages.after(walked[1999]), 0);
        walked.sort_unstable();
        let mut sorted = slots;
        sorted.sort_unstable();
        assert_eq!(walked, sorted);
    }

    #[test]
    fn empty_pages_give_their_memory_back_and_are_used_again() {
        let mut pages = Pages::default();
        let slots = fill(&mut pages);
        let before = pages.pages.len();
        slots.iter().for_each(|slot| pages.remove(*slot));
        assert!(pages.open.is_empty() && pages.pages.iter().all(|page| page.bytes.is_empty()));
        assert!(slots.iter().all(|slot| !pages.holds(*slot) && pages.find(*slot).is_none()));
        fill(&mut pages);
        assert_eq!(pages.pages.len(), before);
    }
}
