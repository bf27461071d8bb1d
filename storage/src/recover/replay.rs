//! The second pass: hands out the entries that survive, in log order.

use bytes::Bytes;

use crate::frame::{FrameHeader, FrameKind};
use crate::ids::{GroupId, Location};
use crate::limits::FRAME_HEADER_BYTES;
use crate::recover::window::{ReadRequest, Sight, Window};
use crate::recover::{Recovered, RecoveryError};

/// A raft entry that survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredEntry {
    /// The group.
    pub group: GroupId,
    /// Raft term.
    pub term: u64,
    /// Raft index.
    pub index: u64,
    /// Where the payload lies.
    pub location: Location,
    /// The payload, a view of the bytes that were fed: copy what must outlive them.
    pub payload: Bytes,
}

/// The second pass. Answer [`Self::wants`] with [`Self::feed`] until there is nothing wanted.
pub struct Replay<'a> {
    recovered: &'a Recovered,
    /// The segment under way, as a place among those that hold frames.
    segment: usize,
    offset: u32,
    until: u32,
    /// The number of the last frame in log order, counted as the first pass did.
    frame: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(recovered: &'a Recovered) -> Self {
        let mut replay = Self { recovered, segment: 0, offset: 0, until: 0, frame: 0 };
        replay.enter_segment();
        replay
    }

    /// What to read next; `None` when all entries were handed out.
    #[must_use]
    pub fn wants(&self) -> Option<ReadRequest> {
        let segment = self.recovered.ends.get(self.segment)?;
        Some(ReadRequest::window(&segment.header, self.offset, self.until))
    }

    /// Takes the bytes that [`Self::wants`] asked for, and hands each entry in them to `visit`:
    /// in log order, which within a group is index order without gaps.
    ///
    /// # Errors
    /// When the bytes are not those of the first pass.
    pub fn feed(
        &mut self,
        bytes: &Bytes,
        visit: &mut dyn FnMut(RecoveredEntry),
    ) -> Result<(), RecoveryError> {
        let (Some(request), Some(segment)) =
            (self.wants(), self.recovered.ends.get(self.segment).copied())
        else {
            return Ok(());
        };
        let window = request.answered(&segment.header, bytes)?;
        while self.offset < segment.end {
            if let Some(until) = self.frame(&window, segment.header.block_bytes, visit)? {
                self.until = until;
                return Ok(());
            }
        }
        self.segment += 1;
        self.enter_segment();
        Ok(())
    }

    /// One frame on. Returns up to where the window must reach for that.
    fn frame(
        &mut self,
        window: &Window<'_>,
        block_bytes: u32,
        visit: &mut dyn FnMut(RecoveredEntry),
    ) -> Result<Option<u32>, RecoveryError> {
        match window.frame_at(self.offset) {
            Sight::Beyond(until) => Ok(Some(until)),
            Sight::Header(_) | Sight::Nothing => Err(RecoveryError::Changed(self.location())),
            Sight::Frame(header, payload) => {
                self.frame += 1;
                self.emit(&header, payload, visit);
                self.offset += header.frame_len();
                if header.last {
                    self.offset = self.offset.next_multiple_of(block_bytes);
                }
                Ok(None)
            }
        }
    }

    fn emit(&self, header: &FrameHeader, payload: Bytes, visit: &mut dyn FnMut(RecoveredEntry)) {
        let (group, term, index) = (header.group, header.term, header.index);
        let state = self.recovered.groups.get(&group);
        let survives = state.is_some_and(|state| state.survives(self.frame, index));
        if header.kind == FrameKind::Entry && survives {
            let location = self.location().plus(FRAME_HEADER_BYTES);
            visit(RecoveredEntry { group, term, index, location, payload });
        }
    }

    fn location(&self) -> Location {
        let segment = self.recovered.ends.get(self.segment);
        let id = segment.map_or_else(Default::default, |segment| segment.header.id);
        Location { segment: id, offset: self.offset }
    }

    fn enter_segment(&mut self) {
        let segment = self.recovered.ends.get(self.segment);
        self.offset = segment.map_or(0, |segment| segment.header.block_bytes);
        self.until = 0;
    }
}
