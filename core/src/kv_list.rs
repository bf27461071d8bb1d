//! A list of pairs in one allocation for all bytes: cheap to build, to send to another core and
//! to encode.

use braid_storage::ids::{LeaseId, Revision};

/// Keys and values in the order in which they were pushed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvList {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// A pair inside a [`KvList`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KvRef<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The rest.
    pub meta: KvMeta,
}

/// What a pair has beside key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvMeta {
    /// Revision at which the key came into being.
    pub create_revision: Revision,
    /// Revision of the last change.
    pub mod_revision: Revision,
    /// Changes since it came into being.
    pub version: u64,
    /// The lease it is attached to.
    pub lease: LeaseId,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Item {
    start: usize,
    key_len: u32,
    value_len: u32,
    meta: KvMeta,
}

impl KvList {
    /// Appends a pair.
    pub fn push(&mut self, key: &[u8], value: &[u8], meta: KvMeta) {
        self.items.push(Item {
            start: self.bytes.len(),
            key_len: key.len() as u32,
            value_len: value.len() as u32,
            meta,
        });
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes of all keys and values.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The pair at `index`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> KvRef<'_> {
        self.view(&self.items[index])
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = KvRef<'_>> + ExactSizeIterator {
        self.items.iter().map(|item| self.view(item))
    }

    fn view(&self, item: &Item) -> KvRef<'_> {
        let (key, rest) = self.bytes[item.start..].split_at(item.key_len as usize);
        KvRef { key, value: &rest[..item.value_len as usize], meta: item.meta }
    }
}
