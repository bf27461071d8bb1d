//! Where keys and their newest versions lie: records in pages of equal slots.
//!
//! A record is named by page and slot for as long as it lives, so that others can refer to it by
//! four bytes. Pages of one slot size are filled before new ones are made and given back when
//! they are empty; a page is 64 KiB unless one record is larger.
//!
//! ```text
//! newest version, packed | history 4 | padding 2 | key | padding
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::packed::{PACKED, Packed};
use super::slab::NONE;
use super::tree::Keys;

const HISTORY: usize = PACKED;
const PADDING: usize = HISTORY + 4;
const HEADER: usize = PADDING + 2;

/// Bytes of a page, as far as whole slots allow.
const PAGE: usize = 64 * 1024;
/// Bits of a record's number that name the slot in its page.
const SLOT_BITS: u32 = 10;
/// Larger records get a page of exactly their size.
const LARGEST_PADDED: usize = 64 * 1024;

/// Records by number. A number is used again after its record was removed.
#[derive(Debug, Default)]
pub(super) struct Records {
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

impl Records {
    /// Makes a record for `key` without history.
    pub(super) fn insert(&mut self, key: &[u8], newest: &Packed) -> u32 {
        let size = slot_size(HEADER + key.len());
        let number = self.open_page(size);
        let page = &mut self.pages[number as usize];
        let slot = page.take_slot();
        let record = page.slot_mut(slot);
        record[HEADER..HEADER + key.len()].copy_from_slice(key);
        let padding = (size - HEADER - key.len()) as u16;
        record[PADDING..HEADER].copy_from_slice(&padding.to_le_bytes());
        if page.is_full() {
            self.close_page(number, size);
        }
        let id = (number << SLOT_BITS) | slot;
        self.set_newest(id, newest);
        self.set_history(id, NONE);
        id
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, id: u32) {
        let number = id >> SLOT_BITS;
        let page = &mut self.pages[number as usize];
        let size = page.slot_size;
        page.free.push((id % (1 << SLOT_BITS)) as u16);
        if page.is_empty() {
            *page = Page::default();
            self.close_page(number, size);
            self.spare.push(number);
        } else {
            self.open.entry(size).or_default().insert(number);
        }
    }

    /// Whether `id` names a record now.
    pub(super) fn holds(&self, id: u32) -> bool {
        let slot = id % (1 << SLOT_BITS);
        let page = &self.pages[(id >> SLOT_BITS) as usize];
        slot < page.touched.into() && !page.free.contains(&(slot as u16))
    }

    /// The newest version of a record's key.
    pub(super) fn newest(&self, id: u32) -> Packed {
        let mut bytes = [0; PACKED];
        bytes.copy_from_slice(&self.record(id)[..PACKED]);
        Packed(bytes)
    }

    pub(super) fn set_newest(&mut self, id: u32, newest: &Packed) {
        self.record_mut(id)[..PACKED].copy_from_slice(&newest.0);
    }

    /// The number of the history of a record's key, or [`NONE`].
    pub(super) fn history(&self, id: u32) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.record(id)[HISTORY..PADDING]);
        u32::from_le_bytes(bytes)
    }

    pub(super) fn set_history(&mut self, id: u32, history: u32) {
        self.record_mut(id)[HISTORY..PADDING].copy_from_slice(&history.to_le_bytes());
    }

    fn record(&self, id: u32) -> &[u8] {
        let page = &self.pages[(id >> SLOT_BITS) as usize];
        let start = (id % (1 << SLOT_BITS)) as usize * page.slot_size;
        &page.bytes[start..start + page.slot_size]
    }

    fn record_mut(&mut self, id: u32) -> &mut [u8] {
        self.pages[(id >> SLOT_BITS) as usize].slot_mut(id % (1 << SLOT_BITS))
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
        assert!(number < 1 << (32 - SLOT_BITS), "more records on one shard than can be numbered");
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

impl Keys for Records {
    fn key(&self, id: u32) -> &[u8] {
        let record = self.record(id);
        let padding = u16::from_le_bytes([record[PADDING], record[PADDING + 1]]);
        &record[HEADER..record.len() - usize::from(padding)]
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { bytes: Box::default(), slot_size: 1, free: Vec::new(), touched: 0 }
    }
}

impl Page {
    fn new(slot_size: usize) -> Self {
        let slots = (PAGE / slot_size).clamp(1, 1 << SLOT_BITS);
        Self { bytes: vec![0; slots * slot_size].into(), slot_size, ..Self::default() }
    }

    fn slots(&self) -> usize {
        self.bytes.len() / self.slot_size
    }

    fn is_full(&self) -> bool {
        self.free.is_empty() && usize::from(self.touched) == self.slots()
    }

    fn is_empty(&self) -> bool {
        self.free.len() == usize::from(self.touched)
    }

    /// The page must not be full.
    fn take_slot(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot.into();
        }
        self.touched += 1;
        u32::from(self.touched) - 1
    }

    fn slot_mut(&mut self, slot: u32) -> &mut [u8] {
        let start = slot as usize * self.slot_size;
        &mut self.bytes[start..start + self.slot_size]
    }
}

/// Slot sizes are multiples of 4, and above 512 bytes such that at most an eighth is lost.
fn slot_size(needed: usize) -> usize {
    match needed {
        0..=512 => needed.next_multiple_of(4),
        513..=LARGEST_PADDED => needed.next_multiple_of(needed.next_power_of_two() / 16),
        _ => needed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::packed::Stamp;
    use super::*;

    fn tombstone(sub: u32) -> Packed {
        Packed::tombstone(Stamp { sub, ..Stamp::default() })
    }

    fn key(n: u32) -> Vec<u8> {
        let len = if n % 100 == 99 { 700 * n as usize } else { n as usize % 80 };
        n.to_le_bytes().iter().copied().cycle().take(len + 4).collect()
    }

    #[test]
    fn records_of_all_sizes_keep_their_contents() {
        let mut records = Records::default();
        let ids: Vec<u32> = (0..2000).map(|n| records.insert(&key(n), &tombstone(n))).collect();
        records.set_history(ids[5], 77);
        for (n, id) in (0..2000).zip(&ids) {
            assert_eq!((records.key(*id), records.newest(*id)), (&key(n)[..], tombstone(n)));
            assert_eq!(records.history(*id), if n == 5 { 77 } else { NONE });
        }
    }

    #[test]
    fn empty_pages_give_their_memory_back_and_are_used_again() {
        let mut records = Records::default();
        let fill = |records: &mut Records| -> Vec<u32> {
            (0..2000).map(|n| records.insert(&key(n), &tombstone(n))).collect()
        };
        let ids = fill(&mut records);
        let pages = records.pages.len();
        ids.iter().for_each(|id| records.remove(*id));
        assert!(records.open.is_empty() && records.pages.iter().all(|page| page.bytes.is_empty()));
        fill(&mut records);
        assert_eq!(records.pages.len(), pages);
    }
}
