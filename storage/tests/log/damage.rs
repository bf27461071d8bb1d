//! Damage is cut where it was never acknowledged, and refused by name elsewhere.

use braid_storage::ids::{
    ClusterId, CoreId, Epoch, Generation, GroupId, Location, Revision, SegmentId,
};
use braid_storage::payload::Encoder;
use braid_storage::record::{Batch, Record};
use braid_storage::recover::{RecoveredEntry, RecoveryError};
use braid_storage::segment::SegmentHeader;
use bytes::Bytes;

use super::support::{BLOCK, Fixture, MEMBER, config, payload};

fn batch(first: u64, last: u64) -> Bytes {
    let record = |revision| Record {
        revision: Revision(revision),
        participants: Vec::new(),
        part: 0,
        parts: 1,
        changes: Vec::new(),
    };
    let records = (first..=last).map(record).collect();
    let watermark = Revision(first - 1);
    Encoder::new().batch(&Batch { epoch: Epoch(1), watermark, records }, &[])
}

/// Three writes of batches in one segment.
fn three_writes() -> Fixture {
    let mut fixture = Fixture::new();
    for index in 1..=3 {
        fixture.push(5, 1, index, batch(index * 10, index * 10 + 4));
        fixture.flush(index * 10);
    }
    fixture
}

/// Writes of several frames over more than one segment.
fn several_segments() -> Fixture {
    let mut fixture = Fixture::new();
    for index in 1..=7 {
        fixture.push(0, 1, index, payload(0, index, 40 + 60 * index as usize));
        fixture.push(1, 1, index, payload(1, index, 500));
        fixture.push_hard_state(1, 1, 1, index);
        fixture.flush(index);
    }
    assert!(fixture.disk.files.len() > 3);
    fixture
}

/// What recovery may make of damage in one place: all, a refusal, or, of the last write alone, the
/// frames before the damage, with a report.
fn assert_sound(fixture: &Fixture, what: &str) -> bool {
    let all = fixture.entries();
    let last_write = fixture.written.last().map_or(0, Vec::len);
    match fixture.disk.recover() {
        Err(_) => false,
        Ok((_, entries)) if entries == all => true,
        Ok((recovered, entries)) => {
            assert!(all.starts_with(&entries), "{what}: frames behind damage came back");
            assert!(entries.len() >= all.len() - last_write, "{what}: acknowledged data is gone");
            assert_eq!(recovered.cuts.len(), 1, "{what}: a cut without a report");
            true
        }
    }
}

#[test]
fn damage_before_a_later_write_is_refused_with_place_and_revisions() {
    let mut fixture = three_writes();
    let (segment, offset, _) = fixture.writes[1];
    fixture.disk.files.get_mut(&segment).unwrap()[offset as usize + 70] ^= 1;
    let error = fixture.disk.recover().unwrap_err();
    let RecoveryError::Corrupt(corruption) = &error else { panic!("{error}") };
    assert_eq!(corruption.at, Location { segment, offset });
    let before = corruption.before.unwrap();
    assert_eq!((before.group, before.index, before.durable_w), (GroupId(5), 1, Revision(10)));
    assert_eq!(before.revisions, Some((Revision(10), Revision(14))));
    assert_eq!(corruption.after.write, 3);
    assert_eq!(corruption.after.revisions, Some((Revision(30), Revision(34))));
    let text = error.to_string();
    for named in [&segment.file_name(), "offset 1024", "revisions 10 to 14", "revisions 30 to 34"] {
        assert!(text.contains(named), "{text} does not name {named}");
    }
}

#[test]
fn damage_at_the_end_of_a_segment_is_refused_for_what_the_next_one_holds() {
    let mut fixture = several_segments();
    let last_of_first = fixture.writes.iter().rposition(|write| write.0 == fixture.writes[0].0);
    let (segment, offset, len) = fixture.writes[last_of_first.unwrap()];
    let range = offset as usize..(offset + len) as usize;
    fixture.disk.files.get_mut(&segment).unwrap()[range].fill(0);
    let error = fixture.disk.recover().unwrap_err();
    let RecoveryError::Corrupt(corruption) = error else { panic!("{error}") };
    assert_eq!(corruption.at, Location { segment, offset });
    assert_ne!(corruption.after.at.segment, segment);
}

#[test]
fn damage_in_the_last_write_is_cut_and_reported() {
    let mut fixture = three_writes();
    let (segment, offset, _) = fixture.writes[2];
    fixture.disk.files.get_mut(&segment).unwrap()[offset as usize + 70] ^= 1;
    let (recovered, entries) = fixture.disk.recover().unwrap();
    assert_eq!(entries, fixture.entries()[..2]);
    let cut = recovered.cuts[0];
    assert_eq!((cut.at, cut.write, cut.kept_frames), (Location { segment, offset }, 3, 0));
    assert_eq!(recovered.tails[0].end, offset);
}

#[test]
fn a_generation_whose_acknowledged_end_is_lost_is_refused() {
    let mut first = three_writes();
    let mut second = Fixture::with(first.disk.clone(), config(2, 0));
    second.push(5, 2, 4, payload(5, 4, 20));
    second.flush(30);
    let (segment, offset, _) = first.writes[2];
    first.disk = second.disk;
    first.disk.files.get_mut(&segment).unwrap()[offset as usize + 70] ^= 1;
    let error = first.disk.recover().unwrap_err();
    assert!(matches!(error, RecoveryError::IndexGap { last: 2, index: 4, .. }), "{error}");
    assert!(error.to_string().contains(&segment.file_name()), "{error}");
}

#[test]
fn every_flipped_bit_is_noticed_or_harmless() {
    let mut fixture = several_segments();
    let ids: Vec<SegmentId> = fixture.disk.files.keys().copied().collect();
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    for id in ids {
        for bit in 0..fixture.disk.files[&id].len() * 8 {
            fixture.disk.files.get_mut(&id).unwrap()[bit / 8] ^= 1 << (bit % 8);
            let sound = assert_sound(&fixture, &format!("bit {bit} of {}", id.file_name()));
            *(if sound { &mut accepted } else { &mut refused }) += 1;
            fixture.disk.files.get_mut(&id).unwrap()[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let frames: u32 = fixture.entries().iter().map(|entry| 64 + entry.payload.len() as u32).sum();
    let last: u32 = fixture.writes.last().unwrap().2;
    assert!(refused >= (frames - last) * 8, "{refused} refused, {accepted} accepted");
}

/// The end of a file is lost, but not its length: as after a crash of a file system. Of the last
/// segment, nothing in this log can tell what was acknowledged; a durable W elsewhere can.
#[test]
fn every_lost_end_of_a_segment_is_refused_or_harmless() {
    let mut fixture = several_segments();
    let all = fixture.entries();
    let last = fixture.writes.last().unwrap().0;
    for (id, file) in fixture.disk.files.clone() {
        for len in (BLOCK as usize..file.len()).step_by(16) {
            fixture.disk.files.get_mut(&id).unwrap()[len..].fill(0);
            match fixture.disk.recover() {
                Err(RecoveryError::Corrupt(corruption)) => assert_eq!(corruption.at.segment, id),
                Err(other) => panic!("{other}"),
                Ok((_, entries)) if id == last => assert!(all.starts_with(&entries)),
                Ok((_, entries)) => assert_eq!(entries, all, "{id} from {len}"),
            }
        }
        fixture.disk.files.insert(id, file);
    }
}

#[test]
fn every_truncated_file_is_refused() {
    let mut fixture = several_segments();
    let id = *fixture.disk.files.keys().nth(1).unwrap();
    while fixture.disk.files.get_mut(&id).unwrap().pop().is_some() {
        let len = fixture.disk.files[&id].len();
        match fixture.disk.recover().unwrap_err() {
            RecoveryError::Length { segment, expected: 4096, found } => {
                assert_eq!((segment, found), (id, len as u64));
            }
            RecoveryError::DamagedHeader(segment) => assert!(segment == id && len < 128),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_missing_segment_is_named() {
    let mut fixture = several_segments();
    let ids: Vec<SegmentId> = fixture.disk.files.keys().copied().collect();
    for ordinal in [0, 1] {
        let file = fixture.disk.files.remove(&ids[ordinal]).unwrap();
        match fixture.disk.recover().unwrap_err() {
            RecoveryError::MissingSegment { segment, generation, core, next, .. } => {
                assert_eq!((segment, next), (ids[ordinal], ids[ordinal + 1]));
                assert_eq!((generation, core), (Generation(1), CoreId(0)));
            }
            other => panic!("{other}"),
        }
        fixture.disk.files.insert(ids[ordinal], file);
    }
}

#[test]
fn a_foreign_a_renamed_and_a_damaged_segment_are_refused() {
    let mut fixture = three_writes();
    let id = *fixture.disk.files.keys().next().unwrap();
    let header = SegmentHeader::decode(&fixture.disk.files[&id]).unwrap();
    let mut with_header = |header: SegmentHeader| {
        let block = header.encode_block();
        fixture.disk.files.get_mut(&id).unwrap()[..block.len()].copy_from_slice(&block);
        fixture.disk.recover().unwrap_err()
    };
    let other = ClusterId(header.cluster.0 + 1);
    let foreign = with_header(SegmentHeader { cluster: other, ..header });
    let expected = RecoveryError::Foreign { segment: id, cluster: other, member: MEMBER };
    assert_eq!(foreign, expected);
    let holds = SegmentId::compose(Generation(9), CoreId(0), 0).unwrap();
    let renamed = with_header(SegmentHeader { id: holds, generation: Generation(9), ..header });
    assert_eq!(renamed, RecoveryError::Renamed { name: id, holds });
    fixture.disk.files.get_mut(&id).unwrap()[20] ^= 1;
    assert_eq!(fixture.disk.recover().unwrap_err(), RecoveryError::DamagedHeader(id));
}

#[test]
fn a_bad_read_is_refused() {
    let fixture = three_writes();
    let recovered = fixture.disk.scan().unwrap();
    let mut replay = recovered.replay();
    let read = replay.wants().unwrap();
    let mut ignore = |_: RecoveredEntry| {};
    let short = replay.feed(&Bytes::from(vec![0; 512]), &mut ignore).unwrap_err();
    assert!(matches!(short, RecoveryError::ShortRead { found: 512, .. }), "{short}");
    let zeros = Bytes::from(vec![0; read.len as usize]);
    let changed = replay.feed(&zeros, &mut ignore).unwrap_err();
    assert!(matches!(changed, RecoveryError::Changed(_)), "{changed}");
}
