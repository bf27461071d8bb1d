//! What a raft entry's payload holds: a prefix, a batch or the archive of a control entry, and the
//! bytes of the values.
//!
//! Values lie behind everything else, so that one of them can be read from disk alone and checked by
//! the checksum in its [`ValueSpan`](crate::record::ValueSpan). An empty payload is raft's barrier
//! entry and never comes here.

mod batch;
mod number;

use bytes::{Buf, BufMut, Bytes};
use rkyv::api::low;
use rkyv::rancor::{Failure, Panic, ResultExt};
use rkyv::ser::allocator::Arena;

use crate::ids::Revision;
use crate::limits::MAX_PAYLOAD_BYTES;
use crate::record::{Action, ArchivedControl, Batch, Control, ControlEntry};

/// Bytes before the batch or archive: kind, version, two reserved bytes, its length, length of the
/// values.
pub const PREFIX_BYTES: u32 = 12;

/// The version of payloads that this build writes and reads.
pub const PAYLOAD_VERSION: u8 = 2;

const KIND_BATCH: u8 = 1;
const KIND_CONTROL: u8 = 2;

/// About what a change takes beside key and value; only steers the first allocation.
const CHANGE_BYTES_GUESS: usize = 32;
/// About what the archive of a control entry takes.
const CONTROL_BYTES_GUESS: usize = 96;

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
    /// A build from before the format was settled wrote it.
    #[error("entry payload has format version {0}, which no released braid wrote")]
    OlderVersion(u8),
    /// The archive is not valid.
    #[error("entry payload holds a damaged archive")]
    Archive,
    /// The batch is not valid.
    #[error("entry payload holds a damaged batch")]
    Batch,
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

    /// The payload of `batch`, whose spans are those of `values`, in order and without gaps.
    ///
    /// # Panics
    /// When the payload is larger than [`MAX_PAYLOAD_BYTES`]: the engine splits its batches.
    pub fn batch(&mut self, batch: &Batch, values: &[u8]) -> Bytes {
        debug_assert!(spans_fill(batch, values.len()), "values lie elsewhere than their spans say");
        let keys = batch.records.iter().flat_map(|record| &record.changes);
        let guess: usize = keys.map(|change| change.key.len() + CHANGE_BYTES_GUESS).sum();
        let mut payload = begin(guess + values.len());
        batch::encode(batch, &mut payload);
        finish(payload, KIND_BATCH, values)
    }

    /// The payload of `control`.
    pub fn control(&mut self, control: &Control) -> Bytes {
        let payload = begin(CONTROL_BYTES_GUESS);
        let payload: Result<_, Panic> =
            low::to_bytes_in_with_alloc(control, payload, self.scratch.acquire());
        finish(payload.always_ok(), KIND_CONTROL, &[])
    }
}

/// A payload with room for its prefix and `guess` bytes more.
fn begin(guess: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(PREFIX_BYTES as usize + guess);
    payload.resize(PREFIX_BYTES as usize, 0);
    payload
}

fn finish(mut payload: Vec<u8>, kind: u8, values: &[u8]) -> Bytes {
    let (prefix, meta_len) = (PREFIX_BYTES as usize, payload.len() - PREFIX_BYTES as usize);
    payload.extend_from_slice(values);
    let fits = payload.len() <= MAX_PAYLOAD_BYTES as usize;
    assert!(fits, "a payload of {} bytes: was a batch not split?", payload.len());
    write_prefix(&mut payload[..prefix], kind, meta_len as u32, values.len() as u32);
    Bytes::from(payload)
}

/// The batch in `payload` and its value bytes, a view of the same memory.
///
/// # Errors
/// What is wrong with the payload. The values' own checksums are left to their readers.
pub fn decode_batch(payload: &Bytes) -> Result<(Batch, Bytes), PayloadError> {
    let parts = Parts::of(payload, KIND_BATCH)?;
    Ok((parts.batch(payload)?, payload.slice_ref(parts.values)))
}

/// The control entry in `payload`.
///
/// # Errors
/// What is wrong with the payload.
pub fn decode_control(payload: &Bytes) -> Result<ControlEntry, PayloadError> {
    if payload.first() == Some(&KIND_BATCH) {
        return decode_batch(payload).map(|(batch, _)| ControlEntry::Records(batch));
    }
    let parts = Parts::of(payload, KIND_CONTROL)?;
    let control = low::access::<ArchivedControl, Failure>(parts.meta).and_then(low::deserialize);
    control.map(ControlEntry::Decision).map_err(|_: Failure| PayloadError::Archive)
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

/// The first and the last revision of the batch in `payload`; `None` when it holds none.
#[must_use]
pub fn revisions(payload: &[u8]) -> Option<(Revision, Revision)> {
    let (batch, _) = decode_batch(&Bytes::copy_from_slice(payload)).ok()?;
    Some((batch.records.first()?.revision, batch.records.last()?.revision))
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
        if found != kind {
            return Err(PayloadError::Kind(found));
        }
        if version < PAYLOAD_VERSION {
            return Err(PayloadError::OlderVersion(version));
        }
        let (meta_len, values_len) = (prefix.get_u32_le(), prefix.get_u32_le());
        let (meta, values) = rest.split_at_checked(meta_len as usize).ok_or(length)?;
        if values.len() != values_len as usize {
            return Err(length);
        }
        Ok(Self { meta, values })
    }

    fn batch(&self, payload: &Bytes) -> Result<Batch, PayloadError> {
        let batch = batch::decode(self.meta, payload).ok_or(PayloadError::Batch)?;
        let parts_fit = batch.records.iter().all(|record| record.part < record.parts);
        let sound = parts_fit && spans_fill(&batch, self.values.len());
        if sound { Ok(batch) } else { Err(PayloadError::Record) }
    }
}

fn write_prefix(mut prefix: &mut [u8], kind: u8, meta_len: u32, values_len: u32) {
    prefix.put_u8(kind);
    prefix.put_u8(PAYLOAD_VERSION);
    prefix.put_u16_le(0);
    prefix.put_u32_le(meta_len);
    prefix.put_u32_le(values_len);
}

/// Whether the values of `batch` lie one directly behind the other and take `values_len` bytes.
fn spans_fill(batch: &Batch, values_len: usize) -> bool {
    let mut end = 0;
    let mut changes = batch.records.iter().flat_map(|record| &record.changes);
    let in_order = changes.all(|change| match &change.action {
        Action::Put { value, .. } => {
            let start = end;
            end += u64::from(value.len);
            u64::from(value.offset) == start
        }
        Action::Delete | Action::RevokeLease(_) => true,
    });
    in_order && end == values_len as u64
}

#[cfg(test)]
mod tests;
