//! What a raft entry's payload holds: a prefix, the archive of a batch or of a control entry, and
//! the bytes of the values.
//!
//! Values lie outside the archive, so that one of them can be read from disk alone and checked by
//! the checksum in its [`ValueSpan`](crate::record::ValueSpan). An empty payload is raft's barrier
//! entry and never comes here.

use bytes::{Buf, BufMut, Bytes};
use rkyv::api::low::{self, LowDeserializer, LowSerializer, LowValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Failure, Panic, ResultExt};
use rkyv::ser::allocator::{Arena, ArenaHandle};
use rkyv::{Archive, Deserialize, Portable, Serialize};

use crate::ids::Revision;
use crate::limits::MAX_PAYLOAD_BYTES;
use crate::record::{Action, ArchivedBatch, ArchivedRecord, Batch, Control};

/// Bytes before the archive: kind, version, two reserved bytes, length of the archive, length of
/// the values.
pub const PREFIX_BYTES: u32 = 12;

/// The version of the archives that this build writes, and the newest that it reads.
pub const PAYLOAD_VERSION: u8 = 1;

const KIND_BATCH: u8 = 1;
const KIND_CONTROL: u8 = 2;

/// About what the archive of a change takes beside its key; only steers the first allocation.
const CHANGE_BYTES_GUESS: usize = 96;

/// What is wrong with a payload. It came from a disk or a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The lengths in the prefix are not those of the payload.
    #[error("entry payload of {len} bytes does not have the length its prefix states")]
    Length {
        /// Bytes that there are.
        len: usize,
    },
    /// Another kind of payload than the group holds.
    #[error("entry payload is of unknown or unexpected kind {0}")]
    Kind(u8),
    /// A newer build wrote it.
    #[error(
        "entry payload has format version {0}, newer than this build reads ({PAYLOAD_VERSION}); \
         run the version of braid that wrote it, or a later one"
    )]
    NewerVersion(u8),
    /// The archive is not valid.
    #[error("entry payload holds a damaged archive")]
    Archive,
    /// A record or a value's span contradicts itself.
    #[error("entry payload holds a record with impossible parts or value spans")]
    Record,
}

/// Makes payloads; keeps its scratch memory from one to the next.
pub struct Encoder {
    scratch: Arena,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder with a little scratch memory; it grows to what the batches need.
    #[must_use]
    pub fn new() -> Self {
        Self { scratch: Arena::new() }
    }

    /// The payload of `batch`, whose spans lie in `values`.
    ///
    /// # Panics
    /// When the payload is larger than [`MAX_PAYLOAD_BYTES`]: the engine splits its batches.
    pub fn batch(&mut self, batch: &Batch, values: &[u8]) -> Bytes {
        let keys = batch.records.iter().flat_map(|record| &record.changes);
        let guess: usize = keys.map(|change| change.key.len() + CHANGE_BYTES_GUESS).sum();
        self.encode(KIND_BATCH, batch, guess, values)
    }

    /// The payload of `control`.
    ///
    /// # Panics
    /// As [`Self::batch`].
    pub fn control(&mut self, control: &Control) -> Bytes {
        self.encode(KIND_CONTROL, control, CHANGE_BYTES_GUESS, &[])
    }

    fn encode<T>(&mut self, kind: u8, value: &T, guess: usize, values: &[u8]) -> Bytes
    where
        T: for<'a> Serialize<LowSerializer<Vec<u8>, ArenaHandle<'a>, Panic>>,
    {
        let prefix = PREFIX_BYTES as usize;
        let mut payload = Vec::with_capacity(prefix + guess + values.len());
        payload.resize(prefix, 0);
        let mut payload =
            low::to_bytes_in_with_alloc(value, payload, self.scratch.acquire()).always_ok();
        let meta_len = payload.len() - prefix;
        payload.extend_from_slice(values);
        let fits = payload.len() <= MAX_PAYLOAD_BYTES as usize;
        assert!(fits, "a payload of {} bytes: was a batch not split?", payload.len());
        write_prefix(&mut payload[..prefix], kind, meta_len as u32, values.len() as u32);
        Bytes::from(payload)
    }
}

/// The batch in `payload` and its value bytes, a view of the same memory.
///
/// # Errors
/// What is wrong with the payload. The values' own checksums are left to their readers.
pub fn decode_batch(payload: &Bytes) -> Result<(Batch, Bytes), PayloadError> {
    let parts = Parts::of(payload, KIND_BATCH)?;
    let batch: Batch = parts.decode()?;
    check_batch(&batch, parts.values.len())?;
    Ok((batch, payload.slice_ref(parts.values)))
}

/// The control entry in `payload`.
///
/// # Errors
/// What is wrong with the payload.
pub fn decode_control(payload: &[u8]) -> Result<Control, PayloadError> {
    let parts = Parts::of(payload, KIND_CONTROL)?;
    let control: Control = parts.decode()?;
    if let Control::Records(batch) = &control {
        check_batch(batch, parts.values.len())?;
    }
    Ok(control)
}

/// How far into `payload` the value bytes start.
///
/// # Errors
/// When the prefix contradicts the payload's length or names a newer version.
pub fn values_offset(payload: &[u8]) -> Result<u32, PayloadError> {
    let kind = payload.first().copied().unwrap_or_default();
    let parts = Parts::of(payload, kind)?;
    Ok((payload.len() - parts.values.len()) as u32)
}

/// The first and the last revision of the batch in `payload`, without decoding all of it; `None`
/// when it holds none.
#[must_use]
pub fn revisions(payload: &[u8]) -> Option<(Revision, Revision)> {
    let parts = Parts::of(payload, KIND_BATCH).ok()?;
    let batch = low::access::<ArchivedBatch, Failure>(parts.meta).ok()?;
    let revision_of = |record: &ArchivedRecord| Revision(record.revision.0.to_native());
    Some((revision_of(batch.records.first()?), revision_of(batch.records.last()?)))
}

/// A payload, taken apart.
struct Parts<'a> {
    meta: &'a [u8],
    values: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(payload: &'a [u8], kind: u8) -> Result<Self, PayloadError> {
        let length = PayloadError::Length { len: payload.len() };
        let (mut prefix, rest) = payload.split_at_checked(PREFIX_BYTES as usize).ok_or(length)?;
        let (found, version, _reserved) = (prefix.get_u8(), prefix.get_u8(), prefix.get_u16_le());
        if version > PAYLOAD_VERSION {
            return Err(PayloadError::NewerVersion(version));
        }
        if found != kind || version == 0 {
            return Err(PayloadError::Kind(found));
        }
        let (meta_len, values_len) = (prefix.get_u32_le(), prefix.get_u32_le());
        let (meta, values) = rest.split_at_checked(meta_len as usize).ok_or(length)?;
        if values.len() != values_len as usize {
            return Err(length);
        }
        Ok(Self { meta, values })
    }

    fn decode<T>(&self) -> Result<T, PayloadError>
    where
        T: Archive,
        T::Archived: Portable
            + for<'c> CheckBytes<LowValidator<'c, Failure>>
            + Deserialize<T, LowDeserializer<Failure>>,
    {
        low::access::<T::Archived, Failure>(self.meta)
            .and_then(low::deserialize)
            .map_err(|_| PayloadError::Archive)
    }
}

fn write_prefix(mut prefix: &mut [u8], kind: u8, meta_len: u32, values_len: u32) {
    prefix.put_u8(kind);
    prefix.put_u8(PAYLOAD_VERSION);
    prefix.put_u16_le(0);
    prefix.put_u32_le(meta_len);
    prefix.put_u32_le(values_len);
}

fn check_batch(batch: &Batch, values_len: usize) -> Result<(), PayloadError> {
    let parts_fit = batch.records.iter().all(|record| record.part < record.parts);
    let mut changes = batch.records.iter().flat_map(|record| &record.changes);
    let spans_fit = changes.all(|change| match &change.action {
        Action::Put { value, .. } => {
            u64::from(value.offset) + u64::from(value.len) <= values_len as u64
        }
        Action::Delete | Action::RevokeLease(_) => true,
    });
    if parts_fit && spans_fit { Ok(()) } else { Err(PayloadError::Record) }
}

#[cfg(test)]
mod tests;
