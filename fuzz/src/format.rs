//! What lies on disk, piece by piece: frame and segment headers, the identity file, payloads.

use braid_storage::frame::{FrameHeader, FrameKind};
use braid_storage::ids::{
    ClusterId, CoreId, Epoch, Generation, GroupId, LeaseId, MemberId, Revision, SegmentId,
};
use braid_storage::member::Identity;
use braid_storage::payload::{Encoder, decode_batch, decode_control, revisions, values_offset};
use braid_storage::record::{Action, Batch, Change, Control, ControlEntry, Record, ValueSpan};
use braid_storage::segment::SegmentHeader;
use bytes::Bytes;

const SALT: u32 = 0x5eed;

/// The first byte says what the others are.
pub fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => frame(bytes),
        1 => segment(bytes),
        2 => identity(bytes),
        _ => payload(bytes),
    }
}

/// A header that is taken must be the one that would be written.
fn frame(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    mend(&mut bytes, 4, |bytes| crc32c::crc32c_append(SALT, bytes.get(8..64).unwrap_or_default()));
    if let Some(header) = FrameHeader::decode(&bytes, SALT) {
        assert_eq!(header.encode(SALT)[..], bytes[..64]);
        assert!(header.frame_len() >= header.payload_len);
    }
}

fn segment(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    mend(&mut bytes, 12, |bytes| all_but_checksum(bytes.get(..128).unwrap_or_default()));
    if let Ok(header) = SegmentHeader::decode(&bytes) {
        assert_eq!(SegmentHeader::decode(&header.encode_block()), Ok(header));
    }
}

fn identity(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    mend(&mut bytes, 12, all_but_checksum);
    if let Ok(identity) = Identity::decode(&bytes) {
        let encoded = identity.encode().expect("a name that was read fits");
        assert_eq!(Identity::decode(&encoded), Ok(identity));
    }
}

/// A payload has no checksum of its own: the frame's covers it.
fn payload(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let _ = (revisions(&bytes), values_offset(&bytes));
    if let Ok(control) = decode_control(&bytes) {
        let encoded = match &control {
            ControlEntry::Decision(control) => Encoder::new().control(control),
            ControlEntry::Records(_) => bytes.clone(),
        };
        assert_eq!(decode_control(&encoded), Ok(control));
    }
    if let Ok((batch, values)) = decode_batch(&bytes) {
        let encoded = Encoder::new().batch(&batch, &values);
        assert_eq!(decode_batch(&encoded), Ok((batch, values)));
    }
}

/// Puts the right checksum at `at`, if there is room for one.
fn mend(bytes: &mut [u8], at: usize, checksum: impl Fn(&[u8]) -> u32) {
    let crc = checksum(bytes);
    if let Some(field) = bytes.get_mut(at..at + 4) {
        field.copy_from_slice(&crc.to_le_bytes());
    }
}

/// The checksum of segment headers and identity files.
fn all_but_checksum(bytes: &[u8]) -> u32 {
    match bytes.split_at_checked(16) {
        Some((preamble, fields)) => crc32c::crc32c_append(crc32c::crc32c(&preamble[..12]), fields),
        None => 0,
    }
}

/// One of each.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let (batch, values) = sample_batch();
    let mut encoder = Encoder::new();
    let terms = vec![(GroupId(1), 4), (GroupId::CONTROL, 5)];
    let epoch = Control::Epoch { epoch: Epoch(2), base: Revision(9), terms };
    let kinds = [
        (0, sample_frame().encode(SALT).to_vec()),
        (1, sample_segment().encode().to_vec()),
        (2, sample_identity()),
        (3, encoder.batch(&batch, &values).to_vec()),
        (3, encoder.control(&epoch).to_vec()),
    ];
    kinds.into_iter().map(|(kind, bytes)| [vec![kind], bytes].concat()).collect()
}

fn sample_frame() -> FrameHeader {
    FrameHeader {
        kind: FrameKind::Entry,
        last: true,
        group: GroupId(1),
        payload_len: 10,
        payload_crc: 0,
        segment: SegmentId(7),
        write: 3,
        place: 0,
        term: 2,
        index: 5,
        durable_w: Revision(4),
    }
}

fn sample_segment() -> SegmentHeader {
    let (generation, core, ordinal) = (Generation(3), CoreId(2), 5);
    SegmentHeader {
        cluster: ClusterId(1),
        member: MemberId(2),
        generation,
        core,
        ordinal,
        id: SegmentId::compose(generation, core, ordinal).expect("small numbers"),
        block_bytes: 512,
        segment_bytes: 4096,
        salt: SALT,
    }
}

fn sample_identity() -> Vec<u8> {
    let identity = Identity {
        cluster: ClusterId(1),
        member: MemberId(2),
        name: "default".to_owned(),
        shards: 16,
        block_bytes: 512,
    };
    identity.encode().expect("a short name")
}

/// A batch with every action, and its values.
fn sample_batch() -> (Batch, Vec<u8>) {
    let values = b"value".to_vec();
    let put = Action::Put {
        create_revision: Revision(2),
        version: 1,
        lease: LeaseId(7),
        value: ValueSpan::of(0, &values),
    };
    let actions = [put, Action::Delete, Action::RevokeLease(LeaseId(7))];
    let changes =
        (0..).zip(actions).map(|(sub, action)| Change { sub, key: vec![sub as u8].into(), action });
    let record = Record {
        revision: Revision(2),
        participants: vec![GroupId(0), GroupId(1)],
        part: 0,
        parts: 1,
        changes: changes.collect(),
    };
    (Batch { epoch: Epoch(1), watermark: Revision(1), records: vec![record] }, values)
}
