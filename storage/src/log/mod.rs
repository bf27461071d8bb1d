//! The writer of one core's log: places frames in segments and groups them into writes.
//!
//! A frame has its place from the moment it is pushed, so that the index can point at it before
//! it is on disk. While one write is under way the next one collects, without a bound by count;
//! a write exceeds the configured bytes only when it is a single frame. How much may wait is the
//! engine's decision: see [`Log::backlog_bytes`].

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use crate::frame::FrameKind;
use crate::ids::{GroupId, Location, Revision, SegmentId};
use crate::segment::SegmentHeader;
use write::Frame;

mod config;
mod write;

pub use config::{ConfigError, LogConfig};
pub use write::Write;

/// A raft group's hard state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// The term.
    pub term: u64,
    /// The member voted for in that term; 0 for none.
    pub vote: u64,
    /// The highest index known to be committed.
    pub commit: u64,
}

/// One core's log.
pub struct Log {
    config: LogConfig,
    /// Writes in order; the last one still takes frames.
    planned: VecDeque<Write>,
    /// Where the write after the last taken one may start.
    cursor: Cursor,
    next_number: u64,
    in_flight: Option<u64>,
    /// How many segments the driver was asked for.
    asked: u32,
    /// How many of them it has prepared.
    prepared: u32,
    /// Segments that are prepared, from that of the last taken write on.
    ready: BTreeSet<SegmentId>,
    backlog_bytes: u64,
}

#[derive(Clone, Copy)]
struct Cursor {
    ordinal: u32,
    offset: u32,
}

impl Log {
    /// An empty log. It takes frames at once, and writes once its first segment is ready.
    ///
    /// # Errors
    /// When the sizes do not go together.
    pub fn new(config: LogConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            planned: VecDeque::new(),
            cursor: Cursor { ordinal: 0, offset: config.block_bytes },
            next_number: 1,
            in_flight: None,
            asked: 0,
            prepared: 0,
            ready: BTreeSet::new(),
            backlog_bytes: 0,
        })
    }

    /// Appends a raft entry; where its payload lies from now on.
    ///
    /// # Panics
    /// When the payload is larger than the configuration allows.
    pub fn push_entry(
        &mut self,
        group: GroupId,
        term: u64,
        index: u64,
        payload: Bytes,
    ) -> Location {
        let len = payload.len();
        assert!(
            len <= self.config.max_payload_bytes as usize,
            "a payload of {len} bytes: was a batch not split?"
        );
        self.push(Frame { kind: FrameKind::Entry, group, term, index, payload })
    }

    /// Appends a group's hard state; the last one of a group holds.
    pub fn push_hard_state(&mut self, group: GroupId, state: HardState) {
        let payload = Bytes::copy_from_slice(&state.vote.to_le_bytes());
        let (term, index) = (state.term, state.commit);
        self.push(Frame { kind: FrameKind::HardState, group, term, index, payload });
    }

    /// Makes sure that a write is due, for the sake of the durable W that it carries.
    pub fn push_note(&mut self) {
        if self.planned.is_empty() {
            let (group, payload) = (GroupId::default(), Bytes::new());
            self.push(Frame { kind: FrameKind::Note, group, term: 0, index: 0, payload });
        }
    }

    /// The next segment that the log will need, each one once and only after the one before is
    /// ready: a crash must not leave a segment without its predecessors. The one after the current
    /// is asked for when a quarter of the current is used, so that a little data takes little space.
    /// The driver creates its file under another name, with zeros and the header's block, syncs it,
    /// renames it to [`SegmentId::file_name`], syncs the directory, and calls
    /// [`Self::segment_ready`]. A file that has its final name thus always has its header.
    pub fn wants_segment(&mut self) -> Option<SegmentHeader> {
        let start = self.next_start();
        let spare = u32::from(start.offset > self.config.segment_bytes / 4);
        (self.asked <= start.ordinal + spare && self.asked == self.prepared).then(|| {
            self.asked += 1;
            self.config.segment(self.asked - 1)
        })
    }

    /// Whether `more` bytes would leave less than a quarter of the last segment that is there: what
    /// can wait for the next one should. A full disk may never let it come, and what is planned for
    /// a segment that does not come holds up all that is planned behind it.
    #[must_use]
    pub fn is_short_of_room(&self, more: usize) -> bool {
        let start = self.next_start();
        let used = u64::from(start.offset) + more as u64;
        self.prepared <= start.ordinal + 1 && used > u64::from(self.config.segment_bytes) / 4 * 3
    }

    /// A segment that was asked for can be written to.
    pub fn segment_ready(&mut self, id: SegmentId) {
        self.prepared += 1;
        self.ready.insert(id);
    }

    /// The next write, when there is something to write, no write is under way, and its segment is
    /// ready. `durable_w` is the watermark now; every frame of the write will carry it.
    pub fn take_write(&mut self, durable_w: Revision) -> Option<Write> {
        let segment = self.planned.front()?.segment().id;
        if self.in_flight.is_some() || !self.ready.contains(&segment) {
            return None;
        }
        self.cursor = self.next_start();
        let mut write = self.planned.pop_front()?;
        write.stamp(durable_w);
        self.ready = self.ready.split_off(&segment);
        self.in_flight = Some(write.number());
        self.backlog_bytes -= u64::from(write.frames_len());
        Some(write)
    }

    /// The write that was taken last is durable.
    ///
    /// # Panics
    /// When that write has another number.
    pub fn written(&mut self, number: u64) {
        let taken = self.in_flight.take();
        assert_eq!(taken, Some(number), "the write under way is the one that was taken");
    }

    /// Whether a write was taken and is not durable yet.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Bytes of frames that no write has taken yet.
    #[must_use]
    pub fn backlog_bytes(&self) -> u64 {
        self.backlog_bytes
    }

    fn push(&mut self, frame: Frame) -> Location {
        let len = frame.len();
        self.backlog_bytes += u64::from(len);
        if let Some(write) = self.planned.back_mut()
            && Self::has_room(&self.config, write, len)
        {
            return write.push(frame);
        }
        let mut write = self.start_write(len);
        let location = write.push(frame);
        self.planned.push_back(write);
        location
    }

    /// Whether a write of at least one frame can take another one of `len` bytes.
    fn has_room(config: &LogConfig, write: &Write, len: u32) -> bool {
        let grown = write.frames_len() + len;
        let end = write.offset() + grown.next_multiple_of(config.block_bytes);
        grown <= config.max_write_bytes && end <= config.segment_bytes
    }

    /// An empty write behind all others, with room for a frame of `len` bytes.
    fn start_write(&mut self, len: u32) -> Write {
        let mut start = self.next_start();
        let end = start.offset + len.next_multiple_of(self.config.block_bytes);
        if end > self.config.segment_bytes {
            start = Cursor { ordinal: start.ordinal + 1, offset: self.config.block_bytes };
        }
        self.next_number += 1;
        Write::new(self.config.segment(start.ordinal), start.offset, self.next_number - 1)
    }

    /// Behind the padding of the last planned write.
    fn next_start(&self) -> Cursor {
        self.planned.back().map_or(self.cursor, |write| Cursor {
            ordinal: write.segment().ordinal,
            offset: write.offset() + write.len(),
        })
    }
}

#[cfg(test)]
mod tests;
