//! A data directory of any content, from the segment scan to the state that a member starts with.
//!
//! The bytes are a history: logs begin, entries are pushed, writes reach the disk whole, torn or not
//! at all, and then anything is overwritten, with checksums that are mended or not.

use braid_sim::disk::Disk;
use braid_sim::member::Options;
use braid_sim::model::random::Random;
use braid_sim::recovery::{CLUSTER, MEMBER, recover};
use braid_storage::frame::HEADER_BYTES;
use braid_storage::ids::{CoreId, Epoch, Generation, GroupId, LeaseId, Revision, SegmentId};
use braid_storage::log::{HardState, Log, LogConfig, Write};
use braid_storage::payload::Encoder;
use braid_storage::record::{Action, Batch, Change, Control, Record, ValueSpan};
use bytes::Bytes;

use crate::input::Input;

const BLOCK_BYTES: u32 = 512;
const SEGMENT_BYTES: u32 = 4096;
const PAYLOAD_BYTES_MAX: u32 = 1500;
const SHARDS: u16 = 3;
/// Of every log, so that mended frames are believed.
const SALT: u32 = 9;
/// Keeps one run short.
const STEPS_MAX: usize = 200;

/// Makes the history, then recovers it twice: the outcome must be one and the same.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut history = History::default();
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        history.step(&mut input);
    }
    let mut disk = history.disk;
    let options = Options { cores: 1, shards: SHARDS, ..Options::draw(&mut Random::new(0)) };
    let outcomes = [(); 2].map(|()| {
        let states = recover(&mut disk, &options, SALT);
        states.map(|states| states.len()).map_err(|error| error.to_string())
    });
    assert_eq!(outcomes[0], outcomes[1]);
}

#[derive(Default)]
struct History {
    disk: Disk,
    segments: Vec<SegmentId>,
    log: Option<Log>,
    /// Raft index of the last entry.
    index: u64,
}

impl History {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(8) {
            0 => self.begin_log(input),
            1 | 2 => self.push_entry(input),
            3 => self.push_hard_state(input),
            4 => self.flush(input, |_, _| true),
            5 => self.flush(input, |input, _| input.u8() % 2 == 0),
            6 => self.overwrite(input),
            _ => self.forge(input),
        }
    }

    fn begin_log(&mut self, input: &mut Input<'_>) {
        let (generation, core) = (Generation(input.u64()), CoreId(input.u16() % 3));
        let config = LogConfig {
            segment_bytes: SEGMENT_BYTES,
            block_bytes: BLOCK_BYTES,
            max_write_bytes: SEGMENT_BYTES / 2,
            max_payload_bytes: PAYLOAD_BYTES_MAX,
            ..LogConfig::new(CLUSTER, MEMBER, generation, core, SALT)
        };
        self.log = Log::new(config).ok();
    }

    fn push_entry(&mut self, input: &mut Input<'_>) {
        let group = group(input);
        let term = input.u64();
        self.index = match input.below(4) {
            0 => input.u64(),
            _ => self.index.saturating_add(1),
        };
        let payload = payload(input, group);
        if let Some(log) = self.log.as_mut().filter(|_| payload.len() <= PAYLOAD_BYTES_MAX as usize)
        {
            log.push_entry(group, term, self.index, payload);
        }
    }

    fn push_hard_state(&mut self, input: &mut Input<'_>) {
        let group = group(input);
        let state = HardState { term: input.u64(), vote: input.u64(), commit: input.u64() };
        if let Some(log) = &mut self.log {
            log.push_hard_state(group, state);
        }
    }

    /// Writes what was pushed, but only the blocks that `keeps` lets through.
    fn flush(&mut self, input: &mut Input<'_>, keeps: fn(&mut Input<'_>, usize) -> bool) {
        let watermark = Revision(input.u64());
        while let Some(write) = self.take_write(watermark) {
            let mut bytes = vec![0; write.len() as usize];
            write.copy_to(&mut bytes);
            let blocks = bytes.chunks(BLOCK_BYTES as usize).enumerate();
            for (place, block) in blocks.filter(|(place, _)| keeps(input, *place)) {
                let offset = write.offset() + place as u32 * BLOCK_BYTES;
                self.disk.write(write.segment().id, offset, block.to_vec());
            }
        }
    }

    fn take_write(&mut self, watermark: Revision) -> Option<Write> {
        let log = self.log.as_mut()?;
        while let Some(segment) = log.wants_segment() {
            if self.segments.contains(&segment.id) {
                // A generation that was there already; a directory has each file once.
                self.log = None;
                return None;
            }
            self.disk.create(&segment);
            self.segments.push(segment.id);
            log.segment_ready(segment.id);
        }
        let write = log.take_write(watermark)?;
        log.written(write.number());
        Some(write)
    }

    fn overwrite(&mut self, input: &mut Input<'_>) {
        let Some(segment) = self.any_segment(input) else { return };
        let (offset, bytes) = (u32::from(input.u16()) % SEGMENT_BYTES, input.short().to_vec());
        if offset as usize + bytes.len() <= SEGMENT_BYTES as usize {
            self.disk.write(segment, offset, bytes);
        }
    }

    /// Changes the frame at a block's start and mends both of its checksums.
    fn forge(&mut self, input: &mut Input<'_>) {
        let Some(segment) = self.any_segment(input) else { return };
        let offset = input.below((SEGMENT_BYTES / BLOCK_BYTES) as usize) as u32 * BLOCK_BYTES;
        let len = (SEGMENT_BYTES - offset) as usize;
        let Some(mut frame) = self.disk.read(segment, offset, len).map(|bytes| bytes.to_vec())
        else {
            return;
        };
        let (at, bytes) = (usize::from(input.u8()), input.short());
        if let Some(target) = frame.get_mut(at..at + bytes.len()) {
            target.copy_from_slice(bytes);
        }
        mend(&mut frame);
        self.disk.write(segment, offset, frame);
    }

    fn any_segment(&self, input: &mut Input<'_>) -> Option<SegmentId> {
        let at = input.below(self.segments.len().clamp(1, 256));
        self.segments.get(at).copied()
    }
}

fn mend(frame: &mut [u8]) {
    let len = u32::from_le_bytes([frame[12], frame[13], frame[14], frame[15]]) as usize;
    let payload = frame.get(HEADER_BYTES..HEADER_BYTES.saturating_add(len)).unwrap_or_default();
    let crc = crc32c::crc32c(payload);
    frame[8..12].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32c::crc32c_append(SALT, &frame[8..HEADER_BYTES]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

fn group(input: &mut Input<'_>) -> GroupId {
    match input.below(usize::from(SHARDS) + 2) {
        0 => GroupId::CONTROL,
        // One more than there are.
        group => GroupId(group as u16 - 1),
    }
}

fn payload(input: &mut Input<'_>, group: GroupId) -> Bytes {
    let mut encoder = Encoder::new();
    match input.below(4) {
        0 => Bytes::copy_from_slice(input.long()),
        1 => Bytes::new(),
        _ if group == GroupId::CONTROL => match control(input) {
            Some(control) => encoder.control(&control),
            None => batch(input, &[], &mut encoder),
        },
        _ => {
            let value = input.short();
            batch(input, value, &mut encoder)
        }
    }
}

/// A decision; without one, records follow.
fn control(input: &mut Input<'_>) -> Option<Control> {
    Some(match input.below(6) {
        0 => Control::Genesis { cluster: CLUSTER.0, shards: SHARDS, seed: input.u64() },
        1 => Control::Epoch {
            epoch: Epoch(input.u64()),
            base: Revision(input.u64()),
            terms: vec![(group(input), input.u64())],
        },
        2 => Control::LeaseGrant { lease: LeaseId(input.u64() as i64), ttl: input.u64() as i64 },
        3 => Control::LeaseRevoke { lease: LeaseId(input.u64() as i64) },
        4 => Control::Compact { revision: Revision(input.u64()) },
        _ => return None,
    })
}

/// A batch whose puts all put `value`.
fn batch(input: &mut Input<'_>, value: &[u8], encoder: &mut Encoder) -> Bytes {
    let (epoch, watermark) = (Epoch(input.u64()), Revision(input.u64()));
    let mut values = Values { value, all: Vec::new() };
    let records = (0..input.below(4)).map(|_| record(input, &mut values)).collect();
    encoder.batch(&Batch { epoch, watermark, records }, &values.all)
}

/// The values of a batch so far, and the one that all of them are.
struct Values<'a> {
    value: &'a [u8],
    all: Vec<u8>,
}

impl Values<'_> {
    fn next(&mut self) -> ValueSpan {
        let span = ValueSpan::of(self.all.len() as u32, self.value);
        self.all.extend_from_slice(self.value);
        span
    }
}

fn record(input: &mut Input<'_>, values: &mut Values<'_>) -> Record {
    let revision = Revision(input.u64());
    let participants = (0..input.below(4)).map(|_| group(input)).collect();
    let (part, parts) = (u32::from(input.u8()), u32::from(input.u8()));
    let changes = (0..input.below(4)).map(|_| change(input, values)).collect();
    Record { revision, participants, part, parts, changes }
}

fn change(input: &mut Input<'_>, values: &mut Values<'_>) -> Change {
    let (sub, key) = (u32::from(input.u8()), Bytes::copy_from_slice(input.short()));
    let action = match input.below(4) {
        0 => Action::Delete,
        1 => Action::RevokeLease(LeaseId(input.u64() as i64)),
        _ => Action::Put {
            create_revision: Revision(input.u64()),
            version: input.u64(),
            lease: LeaseId(input.u64() as i64),
            value: values.next(),
        },
    };
    Change { sub, key, action }
}

/// A start that reigns, writes and compacts; the same with a torn end and a forged frame.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let begin = [0, 1, 0, 0].as_slice();
    let genesis = [1, 0, 1, 1, 2, 0, 5].as_slice();
    let epoch = [1, 0, 1, 1, 2, 1, 1, 1, 1, 1].as_slice();
    let put = [1, 1, 1, 1, 2, 3, b'a', b'b', b'c', 1, 1, 1, 2, 0, 0, 1, 1, 0, 1, b'k', 2, 2, 1, 0];
    let lease = [1, 0, 1, 1, 2, 2, 7, 60].as_slice();
    let compact = [1, 0, 1, 1, 2, 4, 2].as_slice();
    let state = [3, 0, 1, 12, 3].as_slice();
    let start = [begin, genesis, epoch, &[4, 1], &put, lease, state, &[4, 2], compact].concat();
    let whole = [&start[..], &[4, 2]].concat();
    let torn = [&start[..], &[5, 2, 0, 1, 0]].concat();
    let forged = [&whole[..], &[7, 0, 2, 40, 2, 9, 9]].concat();
    let restarted = [&whole[..], &[0, 2, 1, 0], &put, &[4, 3]].concat();
    vec![whole, torn, forged, restarted]
}
