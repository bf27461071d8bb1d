//! Bytes that somebody made: stale ones, forged ones, mutated ones. No panic, no false frame.

use braid_storage::frame::{FrameHeader, FrameKind};
use braid_storage::ids::{Epoch, GroupId, LeaseId, Location, Revision, SegmentId};
use braid_storage::member::Identity;
use braid_storage::payload::{Encoder, decode_batch, decode_control, revisions, values_offset};
use braid_storage::record::{Action, Batch, Change, Control, Record, ValueSpan};
use braid_storage::segment::SegmentHeader;
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{Disk, Fixture, config, payload};

/// A frame as a client would forge it that knows everything but the salt.
fn forged(segment: SegmentId, write: u64, salt: u32) -> Vec<u8> {
    let header = FrameHeader {
        kind: FrameKind::Entry,
        last: true,
        group: GroupId(0),
        payload_len: 0,
        payload_crc: 0,
        segment,
        write,
        place: 0,
        term: 1,
        index: 2,
        durable_w: Revision(1_000_000),
    };
    header.encode(salt).to_vec()
}

/// One entry, then a torn write whose value has `frame` at a block's start.
fn recover_with_value(frame: impl Fn(SegmentId, u64) -> Vec<u8>) -> bool {
    let mut fixture = Fixture::new();
    fixture.push(0, 1, 1, payload(0, 1, 10));
    fixture.flush(1);
    let segment = fixture.writes[0].0;
    let forged = frame(segment, 3);
    let mut value = vec![7; 1024 - 64];
    value[512 - 64..][..forged.len()].copy_from_slice(&forged);
    fixture.push(0, 1, 2, Bytes::from(value));
    let write = fixture.take(1);
    fixture.disk.write_torn(&write, |sector| sector == 1);
    match fixture.disk.recover() {
        Ok((recovered, entries)) => {
            assert_eq!((recovered.durable_w, &entries[..]), (Revision(1), &fixture.entries()[..1]));
            true
        }
        Err(_) => false,
    }
}

#[test]
fn a_frame_inside_a_value_counts_for_nothing() {
    assert!(recover_with_value(|segment, write| forged(segment, write, 0)));
    let salt = config(1, 0).salt;
    let with_salt = recover_with_value(|segment, write| forged(segment, write, salt));
    assert!(!with_salt, "the forgery lies where recovery looks; only the salt is missing");
}

/// A file that was part of generation 1 becomes, whole, a segment of generation 2.
#[test]
fn what_an_earlier_use_left_never_passes() {
    let mut old = Fixture::new();
    for index in 1..=4 {
        old.push(0, 1, index, payload(0, index, 400));
        old.flush(index);
    }
    let mut new = Fixture::with(Disk::default(), config(2, 0));
    let recycled = *new.disk.files.keys().next().unwrap();
    let stale = &old.disk.files[&old.writes[0].0];
    new.disk.files.get_mut(&recycled).unwrap()[512..].copy_from_slice(&stale[512..]);
    assert!(new.disk.recover().unwrap().1.is_empty());
    new.push(0, 2, 1, payload(0, 1, 100));
    new.flush(1);
    let (recovered, entries) = new.disk.recover().unwrap();
    assert_eq!(entries, new.entries());
    assert_eq!((recovered.durable_w, recovered.cuts.len()), (Revision(1), 0));
}

fn batch() -> (Batch, Vec<u8>) {
    let values = b"first-second".to_vec();
    let put = |offset: u32, len: usize| Action::Put {
        create_revision: Revision(7),
        version: 3,
        lease: LeaseId(-5),
        value: ValueSpan::of(offset, &values[offset as usize..][..len]),
    };
    let actions = [put(0, 6), Action::Delete, Action::RevokeLease(LeaseId(9)), put(6, 6)];
    let changes = (0..).zip(actions).map(|(sub, action)| Change {
        sub,
        key: format!("key-{sub}").into(),
        action,
    });
    let record = Record {
        revision: Revision(8),
        participants: vec![GroupId(1), GroupId::CONTROL],
        part: 0,
        parts: 2,
        changes: changes.collect(),
    };
    (Batch { epoch: Epoch(2), watermark: Revision(6), records: vec![record] }, values)
}

fn mutate(bytes: &mut Vec<u8>, edits: &[(prop::sample::Index, u8)], cut: usize) {
    bytes.truncate(bytes.len().saturating_sub(cut));
    for (at, byte) in edits {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A mutated payload is refused, or decodes to something that its own rules allow.
    #[test]
    fn mutated_payloads_never_panic(edits in edits(), cut in 0..40_usize) {
        let (batch, values) = batch();
        let mut bytes = Encoder::new().batch(&batch, &values).to_vec();
        mutate(&mut bytes, &edits, cut);
        let bytes = Bytes::from(bytes);
        let _ = (revisions(&bytes), values_offset(&bytes), decode_control(&bytes));
        if let Ok((batch, values)) = decode_batch(&bytes) {
            for change in batch.records.iter().flat_map(|record| &record.changes) {
                if let Action::Put { value, .. } = &change.action {
                    prop_assert!(value.slice(&values).is_some());
                }
            }
        }
    }

    #[test]
    fn mutated_control_payloads_never_panic(edits in edits(), cut in 0..40_usize) {
        let terms = vec![(GroupId(1), 4), (GroupId::CONTROL, 5)];
        let epoch = Control::Epoch { epoch: Epoch(2), base: Revision(9), terms };
        let mut bytes = Encoder::new().control(&epoch).to_vec();
        mutate(&mut bytes, &edits, cut);
        let _ = decode_control(&Bytes::from(bytes));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), salt in any::<u32>()) {
        let _ = (FrameHeader::decode(&bytes, salt), SegmentHeader::decode(&bytes));
        let _ = (Identity::decode(&bytes), revisions(&bytes), values_offset(&bytes));
        let bytes = Bytes::from(bytes);
        let _ = (decode_batch(&bytes), decode_control(&bytes));
    }

    /// A disk on which anything was overwritten is refused or read; entries are never invented.
    #[test]
    fn mutated_segments_never_panic_or_invent(
        edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..600_usize), 1..4),
        fill in any::<u8>(),
    ) {
        let mut fixture = Fixture::new();
        for index in 1..=9 {
            fixture.push(0, 1, index, payload(0, index, 450));
            fixture.flush(index);
        }
        for (file, at, len) in edits {
            let id = *file.get(&fixture.disk.files.keys().copied().collect::<Vec<_>>());
            let bytes = fixture.disk.files.get_mut(&id).unwrap();
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + len);
            bytes[at..end].fill(fill);
        }
        if let Ok((_, entries)) = fixture.disk.recover() {
            prop_assert!(fixture.entries().starts_with(&entries));
        }
    }
}

#[test]
fn a_value_can_be_read_and_checked_alone() {
    let (batch, values) = batch();
    let mut fixture = Fixture::new();
    let payload = Encoder::new().batch(&batch, &values);
    let location = fixture.push(0, 1, 1, payload.clone());
    fixture.flush(8);
    let Action::Put { value, .. } = &batch.records[0].changes[3].action else { unreachable!() };
    let Location { segment, offset } =
        location.plus(values_offset(&payload).unwrap()).plus(value.offset);
    let bytes = &fixture.disk.files[&segment][offset as usize..][..value.len as usize];
    assert_eq!(bytes, b"second");
    assert!(value.matches(bytes) && !value.matches(b"Second") && !value.matches(b"secon"));
}
