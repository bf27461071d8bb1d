//! Keys and their newest versions: records in pages, which others name by four bytes.
//!
//! ```text
//! header 32 | key | padding
//! ```
//!
//! The header holds the newest version, as nearly all of them fit ([`super::header`]); the others lie
//! beside the pages. Larger records have more padding than a header can say: their last two bytes do.

use super::header::{HEADER, Header};
use super::packed::Packed;
use super::pages::{LARGEST_SMALL, Pages};
use super::slab::{NONE, Slab};
use super::tree::Keys;

/// Bytes at the end of a larger record that tell its padding, themselves included.
const TRAILER: usize = 2;

/// Records by number. A number is used again after its record was removed.
#[derive(Debug)]
pub(super) struct Records {
    pages: Pages,
    /// The newest versions that do not fit into their records.
    wide: Slab<Packed>,
}

impl Records {
    pub(super) fn new() -> Self {
        Self { pages: Pages::default(), wide: Slab::new() }
    }

    /// Makes a record for `key` without history.
    pub(super) fn insert(&mut self, key: &[u8], newest: &Packed) -> u32 {
        let needed = HEADER + key.len();
        let is_small = needed <= LARGEST_SMALL;
        let id = self.pages.insert(if is_small { needed } else { needed + TRAILER });
        let record = self.pages.get_mut(id);
        record[HEADER..needed].copy_from_slice(key);
        let padding = record.len() - needed;
        if let Some(trailer) = record.last_chunk_mut::<TRAILER>().filter(|_| !is_small) {
            *trailer = (padding as u16).to_le_bytes();
        }
        Header::new(if is_small { padding } else { 0 }, NONE).write(record);
        self.set_newest(id, newest);
        id
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, id: u32) {
        if let Some(wide) = self.header(id).wide() {
            self.wide.remove(wide);
        }
        self.pages.remove(id);
    }

    /// Whether `id` names a record now.
    pub(super) fn holds(&self, id: u32) -> bool {
        self.pages.holds(id)
    }

    /// The newest version of a record's key.
    pub(super) fn newest(&self, id: u32) -> Packed {
        let header = self.header(id);
        header.wide().map_or_else(|| header.version(), |wide| *self.wide.get(wide))
    }

    pub(super) fn set_newest(&mut self, id: u32, newest: &Packed) {
        let header = self.header(id);
        if let Some(wide) = header.wide() {
            self.wide.remove(wide);
        }
        let header = match header.with_version(newest) {
            Some(header) => header,
            None => header.with_wide(self.wide.insert(*newest)),
        };
        header.write(self.pages.get_mut(id));
    }

    /// The number of the history of a record's key, or [`NONE`].
    pub(super) fn history(&self, id: u32) -> u32 {
        self.header(id).history()
    }

    pub(super) fn set_history(&mut self, id: u32, history: u32) {
        self.header(id).with_history(history).write(self.pages.get_mut(id));
    }

    fn header(&self, id: u32) -> Header {
        Header::read(self.pages.get(id))
    }
}

impl Keys for Records {
    fn key(&self, id: u32) -> &[u8] {
        let record = self.pages.get(id);
        let padding = match record.last_chunk::<TRAILER>() {
            Some(trailer) if record.len() > LARGEST_SMALL => u16::from_le_bytes(*trailer).into(),
            _ => Header::read(record).padding(),
        };
        &record[HEADER..record.len() - padding]
    }
}

#[cfg(test)]
mod tests {
    use braid_storage::ids::Revision;

    use super::super::packed::Stamp;
    use super::*;

    fn version(n: u32) -> Packed {
        // Revisions that fit into a record, and others.
        let revision = Revision(u64::from(n) << (n % 45));
        Packed::tombstone(Stamp { revision, sub: n })
    }

    fn key(n: u32) -> Vec<u8> {
        let len = if n % 100 == 99 { 700 * n as usize } else { n as usize % 600 };
        n.to_le_bytes().iter().copied().cycle().take(len + 4).collect()
    }

    #[test]
    fn records_of_all_sizes_keep_their_contents() {
        let mut records = Records::new();
        let ids: Vec<u32> = (0..2000).map(|n| records.insert(&key(n), &version(n))).collect();
        records.set_history(ids[5], 77);
        for (n, id) in (0..2000).zip(&ids) {
            assert_eq!((records.key(*id), records.newest(*id)), (&key(n)[..], version(n)));
            assert_eq!(records.history(*id), if n == 5 { 77 } else { NONE });
        }
        for (n, id) in (0..2000).zip(&ids) {
            records.set_newest(*id, &version(n + 1));
            assert_eq!((records.key(*id), records.newest(*id)), (&key(n)[..], version(n + 1)));
        }
        ids.iter().for_each(|id| records.remove(*id));
        assert!((0..records.wide.slots()).all(|number| records.wide.find(number).is_none()));
    }
}
