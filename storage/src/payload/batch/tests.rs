use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Short, long and extreme numbers.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..5u64, 0..10_000u64, any::<u64>(), Just(u64::MAX)]
}

fn action() -> impl Strategy<Value = Action> {
    let lease = prop_oneof![Just(0), any::<i64>()].prop_map(LeaseId);
    let put = (number(), number(), lease.clone(), any::<u16>(), any::<u32>());
    let put = put.prop_map(|(create_revision, version, lease, len, crc)| Action::Put {
        create_revision: Revision(create_revision),
        version,
        lease,
        value: ValueSpan { offset: 0, len: len.into(), crc },
    });
    prop_oneof![put, Just(Action::Delete), lease.prop_map(Action::RevokeLease)]
}

fn change() -> impl Strategy<Value = Change> {
    let sub = prop_oneof![0..3u32, any::<u32>()];
    (sub, vec(any::<u8>(), 0..40), action()).prop_map(|(sub, key, action)| Change {
        sub,
        key: key.into(),
        action,
    })
}

fn record() -> impl Strategy<Value = Record> {
    let parts = prop_oneof![Just((0, 1)), any::<(u32, u32)>()];
    (number(), vec(any::<u16>(), 0..3), parts, vec(change(), 0..4)).prop_map(
        |(revision, groups, (part, parts), changes)| Record {
            revision: Revision(revision),
            participants: groups.into_iter().map(GroupId).collect(),
            part,
            parts,
            changes,
        },
    )
}

fn batch() -> impl Strategy<Value = Batch> {
    (number(), number(), vec(record(), 0..4)).prop_map(|(epoch, watermark, mut records)| {
        place_values(&mut records);
        Batch { epoch: Epoch(epoch), watermark: Revision(watermark), records }
    })
}

fn place_values(records: &mut [Record]) {
    let mut end = 0;
    for change in records.iter_mut().flat_map(|record| &mut record.changes) {
        if let Action::Put { value, .. } = &mut change.action {
            value.offset = end;
            end += value.len;
        }
    }
}

fn encoded(batch: &Batch) -> Bytes {
    let mut bytes = Vec::new();
    encode(batch, &mut bytes);
    bytes.into()
}

proptest! {
    #[test]
    fn every_batch_comes_back_and_no_part_of_it_passes(batch in batch()) {
        let bytes = encoded(&batch);
        prop_assert_eq!(decode(&bytes, &bytes), Some(batch));
        for len in 0..bytes.len() {
            prop_assert_eq!(decode(&bytes[..len], &bytes), None);
        }
        let longer = Bytes::from([&bytes[..], &[0]].concat());
        prop_assert_eq!(decode(&longer, &longer), None);
    }
}

fn puts(put: impl Fn(u64) -> (u64, u64)) -> Batch {
    let record = |n| {
        let (create_revision, version) = put(n);
        let (create_revision, lease) = (Revision(create_revision), LeaseId(0));
        let value = ValueSpan { offset: 256 * n as u32, len: 256, crc: u32::MAX };
        let action = Action::Put { create_revision, version, lease, value };
        let change = Change { sub: 0, key: vec![b'k'; 32].into(), action };
        let revision = Revision(1_000_000 + 16 * n);
        Record { revision, participants: Vec::new(), part: 0, parts: 1, changes: vec![change] }
    };
    let records = (0..100).map(record).collect();
    Batch { epoch: Epoch(1), watermark: Revision(999_999), records }
}

/// What the log writes for each put, beside key and value.
#[test]
fn a_put_costs_few_bytes() {
    let beside = |batch: &Batch| encoded(batch).len() - 100 * 32;
    let header = 5;
    assert_eq!(beside(&puts(|n| (1_000_000 + 16 * n, 1))), 100 * 10 + header);
    assert_eq!(beside(&puts(|_| (1, 1_000))), 100 * 15 + header);
}

#[test]
fn forged_counts_and_unknown_forms_are_refused() {
    let mut bytes = encoded(&puts(|_| (1, 1))).to_vec();
    let records = 4;
    assert_eq!(bytes[records..][..3], [100, 2, 0], "number of records, distance, form");
    let forged = |at: usize, forged: &[u8], bytes: &mut Vec<u8>| {
        let mut bytes = bytes.clone();
        bytes.splice(at..=at, forged.iter().copied());
        decode(&bytes.clone(), &bytes.into())
    };
    assert_eq!(forged(records, &[0xff, 0xff, 0xff, 0x7f], &mut bytes), None);
    assert_eq!(forged(records + 2, &[PARTICIPANTS, 0xff, 0xff, 0xff, 0x7f], &mut bytes), None);
    assert_eq!(forged(records + 2, &[CHANGES, 0xff, 0xff, 0xff, 0x7f], &mut bytes), None);
    assert_eq!(forged(records + 2, &[RECORD_FORMS + 1], &mut bytes), None);
    assert_eq!(forged(records + 3, &[CHANGE_FORMS + 1], &mut bytes), None);
}
