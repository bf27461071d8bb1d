//! The first pass: finds the end of each log and whether anything before it is damaged.
//!
//! A log is walked frame by frame. Where no good frame follows, the rest of the log is probed for
//! headers of later writes, block by block: a later write proves that what cannot be read was
//! acknowledged; without one the log ends there. `docs/log-format.md` gives the reasons.

use bytes::Bytes;

use crate::frame::FrameHeader;
use crate::ids::{Location, SegmentId};
use crate::planted::{Bug, planted};
use crate::recover::found::{Cut, LogTail, Recovered, SegmentEnd};
use crate::recover::inventory::Inventory;
use crate::recover::survey::Survey;
use crate::recover::window::{ReadRequest, Sight, Window};
use crate::recover::{Corruption, FrameMark, RecoveryError};
use crate::segment::SegmentHeader;

/// The first pass. Answer [`Self::wants`] with [`Self::feed`] until there is nothing wanted, then
/// [`Self::finish`].
pub struct Scan {
    inventory: Inventory,
    /// The segment under way, as a place in the inventory.
    segment: usize,
    offset: u32,
    /// The window must reach at least to here.
    until: u32,
    mode: Mode,
    log: LogState,
    survey: Survey,
    tails: Vec<LogTail>,
    cuts: Vec<Cut>,
    /// For each segment that holds frames, where they end.
    ends: Vec<SegmentEnd>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The next frame is expected at the offset.
    Walk,
    /// Looking for headers of later writes at block boundaries.
    Probe,
}

/// How far a log is known.
struct LogState {
    /// The write and the place in it that the next frame must have.
    write: u64,
    place: u32,
    last: Option<(Location, FrameHeader, Bytes)>,
    /// The first place where no frame was found.
    bad: Option<Location>,
    /// Something of the write that `bad` belongs to was seen.
    torn: bool,
}

impl Default for LogState {
    fn default() -> Self {
        Self { write: 1, place: 0, last: None, bad: None, torn: false }
    }
}

impl Scan {
    /// A scan of all logs in the inventory.
    #[must_use]
    pub fn new(inventory: Inventory) -> Self {
        let mut scan = Self {
            inventory,
            segment: 0,
            offset: 0,
            until: 0,
            mode: Mode::Walk,
            log: LogState::default(),
            survey: Survey::default(),
            tails: Vec::new(),
            cuts: Vec::new(),
            ends: Vec::new(),
        };
        scan.enter_segment();
        scan
    }

    /// What to read next; `None` when all is read.
    #[must_use]
    pub fn wants(&self) -> Option<ReadRequest> {
        let segment = self.inventory.segments.get(self.segment)?;
        Some(ReadRequest::window(segment, self.offset, self.until))
    }

    /// Takes the bytes that [`Self::wants`] asked for.
    ///
    /// # Errors
    /// Why the data directory must be refused.
    pub fn feed(&mut self, bytes: &Bytes) -> Result<(), RecoveryError> {
        let (Some(request), Some(segment)) =
            (self.wants(), self.inventory.segments.get(self.segment).copied())
        else {
            return Ok(());
        };
        let window = request.answered(&segment, bytes)?;
        while self.offset < segment.segment_bytes {
            let until = match self.mode {
                Mode::Walk => self.walk(&segment, &window)?,
                Mode::Probe => self.probe(&segment, &window)?,
            };
            if let Some(until) = until {
                self.until = until;
                return Ok(());
            }
        }
        self.leave_segment(&segment);
        Ok(())
    }

    /// What was found, once nothing is wanted any more.
    #[must_use]
    pub fn finish(mut self) -> Recovered {
        self.survey.finish();
        let behind_all_frames = |&id: &SegmentId| {
            let next = self.ends.partition_point(|end| end.header.id < id);
            self.ends.get(next).is_none_or(|end| !end.header.id.is_same_log(id))
        };
        let ids = self.inventory.segments.iter().map(|segment| segment.id);
        Recovered {
            last_generation: self.inventory.last_generation(),
            durable_w: self.survey.durable_w,
            groups: self.survey.groups,
            tails: self.tails,
            cuts: self.cuts,
            unused: ids.filter(behind_all_frames).collect(),
            ends: self.ends,
        }
    }

    /// One frame on. Returns up to where the window must reach for that.
    fn walk(
        &mut self,
        segment: &SegmentHeader,
        window: &Window<'_>,
    ) -> Result<Option<u32>, RecoveryError> {
        let at = Location { segment: segment.id, offset: self.offset };
        match window.frame_at(self.offset) {
            Sight::Beyond(until) => return Ok(Some(until)),
            Sight::Frame(header, payload) if self.log.expects(&header) => {
                self.accept(segment, header, payload)?;
                return Ok(None);
            }
            Sight::Frame(header, _) | Sight::Header(header) => self.judge(at, &header, window)?,
            Sight::Nothing => self.log.torn |= window.resembles(self.offset),
        }
        self.log.bad.get_or_insert(at);
        self.log.torn |= self.log.place > 0;
        self.mode = Mode::Probe;
        self.offset = self.offset.next_multiple_of(segment.block_bytes);
        Ok(None)
    }

    /// One block on.
    fn probe(
        &mut self,
        segment: &SegmentHeader,
        window: &Window<'_>,
    ) -> Result<Option<u32>, RecoveryError> {
        match window.header_at(self.offset) {
            Sight::Beyond(until) => return Ok(Some(until)),
            Sight::Frame(header, _) | Sight::Header(header) => {
                let at = Location { segment: segment.id, offset: self.offset };
                self.judge(at, &header, window)?;
            }
            Sight::Nothing => {}
        }
        self.offset += segment.block_bytes;
        Ok(None)
    }

    fn accept(
        &mut self,
        segment: &SegmentHeader,
        header: FrameHeader,
        payload: Bytes,
    ) -> Result<(), RecoveryError> {
        let at = Location { segment: segment.id, offset: self.offset };
        self.survey.add(&header, payload.clone(), at.plus(crate::limits::FRAME_HEADER_BYTES))?;
        self.offset += header.frame_len();
        if header.last {
            self.offset = self.offset.next_multiple_of(segment.block_bytes);
        }
        self.log.accepted(at, header, payload);
        self.note_end(segment);
        Ok(())
    }

    fn note_end(&mut self, segment: &SegmentHeader) {
        match self.ends.last_mut() {
            Some(last) if last.header.id == segment.id => last.end = self.offset,
            _ => self.ends.push(SegmentEnd { header: *segment, end: self.offset }),
        }
    }

    /// A header of this log behind, or at, the first bad place: proof of a later write?
    fn judge(
        &mut self,
        at: Location,
        header: &FrameHeader,
        window: &Window<'_>,
    ) -> Result<(), RecoveryError> {
        if header.write <= self.log.write || planted(Bug::CutAtBadChecksum) {
            self.log.torn |= header.write == self.log.write;
            return Ok(());
        }
        let payload = window.payload(at.offset, header);
        let last = self.log.last.as_ref();
        Err(RecoveryError::Corrupt(Box::new(Corruption {
            at: self.log.bad.unwrap_or(at),
            before: last.map(|(at, header, payload)| FrameMark::new(*at, header, Some(payload))),
            after: FrameMark::new(at, header, payload.as_deref()),
        })))
    }

    fn leave_segment(&mut self, left: &SegmentHeader) {
        self.segment += 1;
        let next = self.inventory.segments.get(self.segment);
        if !next.is_some_and(|next| next.id.is_same_log(left.id)) {
            self.finish_log(left);
        }
        self.enter_segment();
    }

    /// Also behind a bad place: the log may have moved on, and left the rest of its last segment.
    fn enter_segment(&mut self) {
        self.mode = Mode::Walk;
        let segment = self.inventory.segments.get(self.segment);
        self.offset = segment.map_or(0, |segment| segment.block_bytes);
        self.until = 0;
    }

    fn finish_log(&mut self, left: &SegmentHeader) {
        let log = std::mem::take(&mut self.log);
        if let (true, Some(at)) = (log.torn, log.bad) {
            self.cuts.push(Cut { at, write: log.write, kept_frames: log.place });
        }
        if let (Some((_, last, _)), Some(SegmentEnd { header, end })) = (log.last, self.ends.last())
        {
            let end = end.next_multiple_of(header.block_bytes);
            self.tails.push(LogTail {
                generation: left.generation,
                core: left.core,
                segment: header.id,
                end,
                write: last.write,
                has_rest: end < header.segment_bytes,
            });
        }
    }
}

impl LogState {
    fn expects(&self, header: &FrameHeader) -> bool {
        (header.write, header.place) == (self.write, self.place)
    }

    fn accepted(&mut self, at: Location, header: FrameHeader, payload: Bytes) {
        (self.write, self.place) =
            if header.last { (header.write + 1, 0) } else { (header.write, header.place + 1) };
        self.last = Some((at, header, payload));
        (self.bad, self.torn) = (None, false);
    }
}
