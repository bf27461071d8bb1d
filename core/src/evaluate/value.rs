//! Access to values that are in memory, were fetched, or are still on disk.

use crate::evaluate::{Fetched, Stop};
use crate::version::{ColdValue, StoredValue};

/// Reads values and notes those that must be fetched first, so that a request asks for all of
/// them at once.
pub struct Reader<'a> {
    fetched: &'a Fetched,
    missing: Vec<ColdValue>,
}

impl<'a> Reader<'a> {
    /// Reads from memory and from `fetched`.
    pub fn new(fetched: &'a Fetched) -> Self {
        Self { fetched, missing: Vec::new() }
    }

    /// The bytes of `value`; `None`, and a note, when they are still on disk.
    pub fn read<'v>(&mut self, value: &StoredValue<'v>) -> Option<&'v [u8]>
    where
        'a: 'v,
    {
        let StoredValue { location, len, crc, bytes } = *value;
        if len == 0 {
            return Some(&[]);
        }
        let known = bytes.or_else(|| self.fetched.get(&location).map(|bytes| &bytes[..]));
        if known.is_none() {
            self.missing.push(ColdValue { location, len, crc });
        }
        known
    }

    /// As [`Self::read`], with nothing in place of a value that is still on disk.
    pub fn read_or_empty<'v>(&mut self, value: &StoredValue<'v>) -> &'v [u8]
    where
        'a: 'v,
    {
        self.read(value).unwrap_or_default()
    }

    /// `done`, unless a value was missing.
    pub fn finish<T>(self, done: T) -> Result<T, Stop> {
        if self.missing.is_empty() { Ok(done) } else { Err(Stop::Cold(self.missing)) }
    }
}
