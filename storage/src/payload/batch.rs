//! A batch as bytes: what the records of a group mostly have in common takes no room.
//!
//! A put of a few hundred bytes should cost little beside key and value, so numbers are short, given
//! as distances from others near them, and left out where they are what they usually are. What may
//! be left out is said by one byte for each record and one for each change:
//!
//! ```text
//! batch   epoch | watermark | number of records | records
//! record  revision, from the one before | form | participants? | part, parts? | number of changes? | changes
//! change  form | sub? | key's length | key | what the form says
//! ```

use bytes::Bytes;

use super::number::{Reader, put_distance, put_number};
use crate::ids::{Epoch, GroupId, LeaseId, Revision};
use crate::record::{Action, Batch, Change, Record, ValueSpan};

/// Forms of a record: the groups that take part follow; otherwise this one is alone.
const PARTICIPANTS: u8 = 1;
/// Which part it is and of how many follow; otherwise it is the only one.
const PARTS: u8 = 2;
/// The number of changes follows; otherwise it is one.
const CHANGES: u8 = 4;
const RECORD_FORMS: u8 = PARTICIPANTS | PARTS | CHANGES;

/// Kinds of changes, in the lowest two bits of a change's form.
const PUT_FIRST: u8 = 0;
const PUT_LATER: u8 = 1;
const DELETE: u8 = 2;
const REVOKE_LEASE: u8 = 3;
const KIND: u8 = 3;
/// The change's place in its write follows; otherwise it is the next one.
const SUB: u8 = 4;
/// The put's lease follows; otherwise there is none.
const LEASE: u8 = 8;
const CHANGE_FORMS: u8 = KIND | SUB | LEASE;

/// Bytes that no record and no change goes below: what a forged count can make a reader allocate is
/// a small multiple of the bytes that are there.
const LEAST_RECORD_BYTES: usize = 3;
const LEAST_CHANGE_BYTES: usize = 2;

/// Appends `batch`. The values lie elsewhere, in the order of their changes and without gaps.
pub(super) fn encode(batch: &Batch, bytes: &mut Vec<u8>) {
    put_number(bytes, batch.epoch.0);
    put_number(bytes, batch.watermark.0);
    put_number(bytes, batch.records.len() as u64);
    let mut before = batch.watermark;
    for record in &batch.records {
        put_distance(bytes, before.0, record.revision.0);
        before = record.revision;
        encode_record(record, bytes);
    }
}

fn encode_record(record: &Record, bytes: &mut Vec<u8>) {
    let form = |given: bool, form: u8| if given { form } else { 0 };
    let participants = form(!record.participants.is_empty(), PARTICIPANTS);
    let parts = form((record.part, record.parts) != (0, 1), PARTS);
    let changes = form(record.changes.len() != 1, CHANGES);
    bytes.push(participants | parts | changes);
    if participants != 0 {
        put_number(bytes, record.participants.len() as u64);
        record.participants.iter().for_each(|group| put_number(bytes, group.0.into()));
    }
    if parts != 0 {
        put_number(bytes, record.part.into());
        put_number(bytes, record.parts.into());
    }
    if changes != 0 {
        put_number(bytes, record.changes.len() as u64);
    }
    let mut next = 0;
    for change in &record.changes {
        encode_change(change, record.revision, next, bytes);
        next = change.sub.wrapping_add(1);
    }
}

/// `next` is the place that the change has unless it says so.
fn encode_change(change: &Change, revision: Revision, next: u32, bytes: &mut Vec<u8>) {
    let sub = if change.sub == next { 0 } else { SUB };
    bytes.push(sub | change_form(&change.action, revision));
    if sub != 0 {
        put_number(bytes, change.sub.into());
    }
    put_number(bytes, change.key.len() as u64);
    bytes.extend_from_slice(&change.key);
    match &change.action {
        Action::Put { create_revision, version, lease, value } => {
            if !is_first(*create_revision, *version, revision) {
                put_distance(bytes, revision.0, create_revision.0);
                put_number(bytes, *version);
            }
            if lease.0 != 0 {
                bytes.extend_from_slice(&lease.0.to_le_bytes());
            }
            put_number(bytes, value.len.into());
            bytes.extend_from_slice(&value.crc.to_le_bytes());
        }
        Action::Delete => {}
        Action::RevokeLease(lease) => bytes.extend_from_slice(&lease.0.to_le_bytes()),
    }
}

fn change_form(action: &Action, revision: Revision) -> u8 {
    match action {
        Action::Put { create_revision, version, lease, .. } => {
            let first = is_first(*create_revision, *version, revision);
            let kind = if first { PUT_FIRST } else { PUT_LATER };
            if lease.0 == 0 { kind } else { kind | LEASE }
        }
        Action::Delete => DELETE,
        Action::RevokeLease(_) => REVOKE_LEASE,
    }
}

/// Whether the write at `revision` created the key.
fn is_first(create_revision: Revision, version: u64, revision: Revision) -> bool {
    create_revision == revision && version == 1
}

/// The batch that is all of `bytes`, which are a part of `payload`; `None` when it is none.
pub(super) fn decode(bytes: &[u8], payload: &Bytes) -> Option<Batch> {
    let mut decoder = Decoder { reader: Reader::new(bytes), payload, value_bytes: 0 };
    let batch = decoder.batch()?;
    (decoder.reader.len() == 0).then_some(batch)
}

struct Decoder<'a> {
    reader: Reader<'a>,
    payload: &'a Bytes,
    /// Bytes of all values so far.
    value_bytes: u32,
}

impl Decoder<'_> {
    fn batch(&mut self) -> Option<Batch> {
        let (epoch, watermark) = (Epoch(self.reader.number()?), Revision(self.reader.number()?));
        let mut revision = watermark;
        let records = self.count(LEAST_RECORD_BYTES)?;
        let mut batch = Batch { epoch, watermark, records: Vec::with_capacity(records) };
        for _ in 0..records {
            revision = Revision(self.reader.distance(revision.0)?);
            batch.records.push(self.record(revision)?);
        }
        Some(batch)
    }

    fn record(&mut self, revision: Revision) -> Option<Record> {
        let form = self.form(RECORD_FORMS)?;
        let participants = if form & PARTICIPANTS != 0 { self.participants()? } else { Vec::new() };
        let (part, parts) = match form & PARTS {
            0 => (0, 1),
            _ => (self.reader.small()?, self.reader.small()?),
        };
        let count = if form & CHANGES != 0 { self.count(LEAST_CHANGE_BYTES)? } else { 1 };
        let mut changes = Vec::with_capacity(count);
        let mut next = 0;
        for _ in 0..count {
            let change = self.change(revision, next)?;
            next = change.sub.wrapping_add(1);
            changes.push(change);
        }
        Some(Record { revision, participants, part, parts, changes })
    }

    fn participants(&mut self) -> Option<Vec<GroupId>> {
        let count = self.count(1)?;
        (0..count).map(|_| self.reader.small().map(GroupId)).collect()
    }

    fn change(&mut self, revision: Revision, next: u32) -> Option<Change> {
        let form = self.form(CHANGE_FORMS)?;
        let sub = if form & SUB != 0 { self.reader.small()? } else { next };
        let key_len = self.reader.small()?;
        let key = self.payload.slice_ref(self.reader.bytes(key_len)?);
        let action = match form & KIND {
            DELETE => Action::Delete,
            REVOKE_LEASE => Action::RevokeLease(self.lease()?),
            put => self.put(revision, put == PUT_FIRST, form & LEASE != 0)?,
        };
        Some(Change { sub, key, action })
    }

    fn put(&mut self, revision: Revision, first: bool, leased: bool) -> Option<Action> {
        let (create_revision, version) = match first {
            true => (revision, 1),
            false => (Revision(self.reader.distance(revision.0)?), self.reader.number()?),
        };
        let lease = if leased { self.lease()? } else { LeaseId(0) };
        let (offset, len) = (self.value_bytes, self.reader.small()?);
        let crc = u32::from_le_bytes(self.reader.array()?);
        self.value_bytes = offset.checked_add(len)?;
        let value = ValueSpan { offset, len, crc };
        Some(Action::Put { create_revision, version, lease, value })
    }

    fn lease(&mut self) -> Option<LeaseId> {
        self.reader.array().map(i64::from_le_bytes).map(LeaseId)
    }

    /// A byte with no other bits than these.
    fn form(&mut self, known: u8) -> Option<u8> {
        self.reader.byte().filter(|form| form & !known == 0)
    }

    /// How many of something follow that takes at least so many bytes.
    fn count(&mut self, least_bytes: usize) -> Option<usize> {
        let count: usize = self.reader.small()?;
        (count <= self.reader.len() / least_bytes).then_some(count)
    }
}

#[cfg(test)]
mod tests;
