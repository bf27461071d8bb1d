use super::*;
use crate::ids::{Epoch, GroupId, LeaseId};
use crate::record::{Change, Record, ValueSpan};

fn batch(values: &[u8]) -> Batch {
    let put = Action::Put {
        create_revision: Revision(0x11),
        version: 0x12,
        lease: LeaseId(0x13),
        value: ValueSpan::of(0, values),
    };
    let change = |sub, key: &[u8], action| Change { sub, key: Bytes::copy_from_slice(key), action };
    let record = Record {
        revision: Revision(0x14),
        participants: vec![GroupId(0x15), GroupId::CONTROL],
        part: 0x16,
        parts: 0x17,
        changes: vec![
            change(0, b"a", put),
            change(1, b"bc", Action::Delete),
            change(5, b"", Action::RevokeLease(LeaseId(0x18))),
        ],
    };
    Batch {
        epoch: Epoch(0x19),
        watermark: Revision(0x1a),
        records: vec![record, created(values.len() as u32)],
    }
}

/// What most writes are: one shard, one change, one part; the value is empty here.
fn created(values_len: u32) -> Record {
    let action = Action::Put {
        create_revision: Revision(0x1b),
        version: 1,
        lease: LeaseId(0),
        value: ValueSpan::of(values_len, b""),
    };
    let changes = vec![Change { sub: 0, key: Bytes::from_static(b"d"), action }];
    Record { revision: Revision(0x1b), participants: Vec::new(), part: 0, parts: 1, changes }
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
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The version is frozen: these bytes are on people's disks. A change here is a new version.
#[test]
fn golden_batch() {
    let payload = Encoder::new().batch(&batch(b"value"), b"value");
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
        let payload = encoder.batch(&batch(b"value"), b"value");
        let (decoded, values) = decode_batch(&payload).unwrap();
        assert_eq!((decoded, &values[..]), (batch(b"value"), &b"value"[..]));
        let offset = values_offset(&payload).unwrap() as usize;
        assert_eq!(&payload[offset..], b"value");
    }
}

#[test]
fn large_batches_come_back() {
    let record = |revision| Record { revision: Revision(revision), ..batch(b"").records.remove(0) };
    let records: Vec<Record> = (1..=1000).map(record).collect();
    let large = Batch { records, ..batch(b"") };
    let payload = Encoder::new().batch(&large, b"");
    assert_eq!(revisions(&payload), Some((Revision(1), Revision(1000))));
    assert_eq!(decode_batch(&payload).unwrap().0, large);
}

#[test]
fn controls_come_back() {
    for control in controls() {
        let payload = Encoder::new().control(&control);
        assert_eq!(decode_control(&payload), Ok(ControlEntry::Decision(control)));
    }
}

#[test]
fn every_truncation_is_refused() {
    let payload = Encoder::new().batch(&batch(b"value"), b"value");
    for len in 0..payload.len() {
        let error = decode_batch(&payload.slice(..len)).unwrap_err();
        assert_eq!(error, PayloadError::Length { len });
    }
}

#[test]
fn another_kind_and_other_versions_are_named() {
    let payload = Encoder::new().control(&controls()[0]);
    assert_eq!(decode_batch(&payload), Err(PayloadError::Kind(KIND_CONTROL)));
    let of_version = |version| {
        let mut payload = payload.to_vec();
        payload[1] = version;
        decode_control(&payload.into())
    };
    let newer = PAYLOAD_VERSION + 1;
    assert_eq!(of_version(newer), Err(PayloadError::NewerVersion(newer)));
    assert_eq!(of_version(1), Err(PayloadError::OlderVersion(1)));
}

#[test]
fn an_archive_shorter_than_its_root_is_refused() {
    let mut payload = vec![0; PREFIX_BYTES as usize];
    for meta_len in 0..8 {
        write_prefix(&mut payload[..PREFIX_BYTES as usize], KIND_CONTROL, meta_len, 0);
        assert_eq!(decode_control(&Bytes::from(payload.clone())), Err(PayloadError::Archive));
        payload.push(0);
    }
}

#[test]
fn impossible_records_are_refused() {
    let mut batch = batch(b"value");
    let mut payload = Encoder::new().batch(&batch, b"value").to_vec();
    payload.pop();
    payload[8] -= 1;
    assert_eq!(decode_batch(&payload.into()), Err(PayloadError::Record), "a value beyond the end");
    batch.records[0].part = batch.records[0].parts;
    let payload = Encoder::new().batch(&batch, b"value");
    assert_eq!(decode_batch(&payload), Err(PayloadError::Record), "a part beyond the last");
}

/// The batch as an entry of the control group.
#[test]
fn records_of_the_control_group_come_back() {
    let payload = Encoder::new().batch(&batch(b""), b"");
    assert_eq!(decode_control(&payload), Ok(ControlEntry::Records(batch(b""))));
}
