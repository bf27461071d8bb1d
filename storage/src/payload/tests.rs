use super::*;
use crate::ids::{Epoch, GroupId, LeaseId};
use crate::record::{Change, Record, ValueSpan};

fn batch(values: &[u8]) -> Batch {
    let put = Action::Put {
        create_revision: Revision(0x11),
        version: 0x12,
        lease: LeaseId(0x13),
        value: ValueSpan::of(1, &values[1..]),
    };
    let change = |sub, key: &[u8], action| Change { sub, key: key.to_vec(), action };
    let record = Record {
        revision: Revision(0x14),
        participants: vec![GroupId(0x15), GroupId::CONTROL],
        part: 0x16,
        parts: 0x17,
        changes: vec![
            change(0, b"a", put),
            change(1, b"bc", Action::Delete),
            change(2, b"", Action::RevokeLease(LeaseId(0x18))),
        ],
    };
    Batch { epoch: Epoch(0x19), watermark: Revision(0x1a), records: vec![record] }
}

fn controls() -> Vec<Control> {
    vec![
        Control::Genesis { cluster: 0x21, shards: 0x22, seed: 0x23 },
        Control::Epoch {
            epoch: Epoch(0x24),
            base: Revision(0x25),
            terms: vec![(GroupId(0x26), 0x27)],
        },
        Control::LeaseGrant { lease: LeaseId(0x28), ttl: 0x29 },
        Control::LeaseRevoke { lease: LeaseId(0x2a) },
        Control::Compact { revision: Revision(0x2b) },
        Control::Records(Batch {
            epoch: Epoch(0x2c),
            watermark: Revision(0x2d),
            records: Vec::new(),
        }),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Version 1 is frozen: these bytes are on people's disks. A change here is a new version.
#[test]
fn golden_batch() {
    let payload = Encoder::new().batch(&batch(b"xvalue"), b"xvalue");
    let expected = include_str!("golden_batch.hex");
    assert_eq!(hex(&payload), expected.split_whitespace().collect::<String>());
}

/// As [`golden_batch`], one line for each kind of control entry.
#[test]
fn golden_controls() {
    let lines = include_str!("golden_controls.hex").lines();
    let encoded: Vec<String> =
        controls().iter().map(|control| hex(&Encoder::new().control(control))).collect();
    assert_eq!(encoded, lines.collect::<Vec<_>>());
}

#[test]
fn a_batch_comes_back_with_its_values() {
    let mut encoder = Encoder::new();
    for _ in 0..2 {
        let payload = encoder.batch(&batch(b"xvalue"), b"xvalue");
        let (decoded, values) = decode_batch(&payload).unwrap();
        assert_eq!((decoded, &values[..]), (batch(b"xvalue"), &b"xvalue"[..]));
        let offset = values_offset(&payload).unwrap() as usize;
        assert_eq!(&payload[offset..], b"xvalue");
    }
}

#[test]
fn large_batches_come_back() {
    let record =
        |revision| Record { revision: Revision(revision), ..batch(b"xy").records.remove(0) };
    let records: Vec<Record> = (1..=1000).map(record).collect();
    let large = Batch { records, ..batch(b"xy") };
    let payload = Encoder::new().batch(&large, b"xy");
    assert_eq!(revisions(&payload), Some((Revision(1), Revision(1000))));
    assert_eq!(decode_batch(&payload).unwrap().0, large);
}

#[test]
fn controls_come_back() {
    for control in controls() {
        assert_eq!(decode_control(&Encoder::new().control(&control)), Ok(control));
    }
}

#[test]
fn every_truncation_is_refused() {
    let payload = Encoder::new().batch(&batch(b"xvalue"), b"xvalue");
    for len in 0..payload.len() {
        let error = decode_batch(&payload.slice(..len)).unwrap_err();
        assert_eq!(error, PayloadError::Length { len });
    }
}

#[test]
fn another_kind_and_a_newer_version_are_named() {
    let payload = Encoder::new().control(&controls()[0]);
    assert_eq!(decode_batch(&payload), Err(PayloadError::Kind(KIND_CONTROL)));
    let mut newer = payload.to_vec();
    newer[1] = PAYLOAD_VERSION + 1;
    assert_eq!(decode_control(&newer), Err(PayloadError::NewerVersion(PAYLOAD_VERSION + 1)));
}

#[test]
fn an_archive_shorter_than_its_root_is_refused() {
    let mut payload = vec![0; PREFIX_BYTES as usize];
    for meta_len in 0..8 {
        write_prefix(&mut payload[..PREFIX_BYTES as usize], KIND_BATCH, meta_len, 0);
        assert_eq!(decode_batch(&Bytes::from(payload.clone())), Err(PayloadError::Archive));
        payload.push(0);
    }
}

#[test]
fn impossible_records_are_refused() {
    let mut beyond = batch(b"xvalue");
    let payload = Encoder::new().batch(&beyond, b"xvalu");
    assert_eq!(decode_batch(&payload), Err(PayloadError::Record));
    beyond.records[0].part = beyond.records[0].parts;
    let payload = Encoder::new().batch(&beyond, b"xvalue");
    assert_eq!(decode_batch(&payload), Err(PayloadError::Record));
}
