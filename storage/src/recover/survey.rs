//! What the frames add up to, group by group.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};

use crate::frame::{FrameHeader, FrameKind};
use crate::ids::{GroupId, Location, Revision};
use crate::log::HardState;
use crate::recover::RecoveryError;

/// What is left of a raft group. Its surviving entries are exactly `first_index..=last_index`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// The last hard state; its commit index is never beyond the last entry.
    pub hard_state: HardState,
    /// Index of the first entry; 0 when there is none.
    pub first_index: u64,
    /// Index of the last entry; 0 when there is none.
    pub last_index: u64,
    /// Term of the last entry.
    pub last_term: u64,
    last_at: Location,
    truncations: Vec<Truncation>,
}

/// Entries before the frame number `frame` with an index from `from_index` on are superseded.
///
/// In a group's list both numbers ascend: a truncation that reaches further back makes those
/// before it needless. The list is therefore as short as a group's changes of leader allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Truncation {
    frame: u64,
    from_index: u64,
}

impl GroupState {
    /// Whether the entry `index` in frame number `frame` is still one of the group's.
    pub(super) fn survives(&self, frame: u64, index: u64) -> bool {
        let later = self.truncations.partition_point(|truncation| truncation.frame <= frame);
        self.truncations.get(later).is_none_or(|truncation| index < truncation.from_index)
    }

    fn entry(
        &mut self,
        frame: u64,
        header: &FrameHeader,
        at: Location,
    ) -> Result<(), RecoveryError> {
        let (group, index, last) = (header.group, header.index, self.last_index);
        if self.first_index == 0 {
            self.first_index = index;
        } else if index <= last {
            self.truncate(frame, index);
        } else if index != last + 1 {
            return Err(RecoveryError::IndexGap { group, last, after: self.last_at, index, at });
        }
        (self.last_index, self.last_term, self.last_at) = (index, header.term, at);
        Ok(())
    }

    fn truncate(&mut self, frame: u64, from_index: u64) {
        self.first_index = self.first_index.min(from_index);
        let kept = self.truncations.partition_point(|older| older.from_index < from_index);
        self.truncations.truncate(kept);
        self.truncations.push(Truncation { frame, from_index });
    }

    fn clamp_commit(&mut self) {
        self.hard_state.commit = self.hard_state.commit.min(self.last_index);
    }
}

/// The groups and the watermark, as far as the frames were seen.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) groups: BTreeMap<GroupId, GroupState>,
    pub(super) durable_w: Revision,
    frames: u64,
}

impl Survey {
    /// Takes in the next good frame in log order.
    pub(super) fn add(
        &mut self,
        header: &FrameHeader,
        mut payload: Bytes,
        at: Location,
    ) -> Result<(), RecoveryError> {
        self.frames += 1;
        self.durable_w = self.durable_w.max(header.durable_w);
        if header.kind == FrameKind::Note {
            return Ok(());
        }
        let group = self.groups.entry(header.group).or_default();
        if header.kind == FrameKind::Entry {
            return group.entry(self.frames, header, at);
        }
        let vote = payload.try_get_u64_le().unwrap_or_default();
        group.hard_state = HardState { term: header.term, vote, commit: header.index };
        Ok(())
    }

    /// After the last frame.
    pub(super) fn finish(&mut self) {
        self.groups.values_mut().for_each(GroupState::clamp_commit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SegmentId;

    fn survey(indexes: &[u64]) -> Result<GroupState, RecoveryError> {
        let mut survey = Survey::default();
        for (place, &index) in (0..).zip(indexes) {
            let header = FrameHeader {
                kind: FrameKind::Entry,
                last: true,
                group: GroupId(1),
                payload_len: 0,
                payload_crc: 0,
                segment: SegmentId(1),
                write: 1,
                place,
                term: 1,
                index,
                durable_w: Revision(7),
            };
            survey.add(&header, Bytes::new(), Location::default())?;
        }
        survey.finish();
        assert_eq!(survey.durable_w, Revision(7));
        Ok(survey.groups.remove(&GroupId(1)).unwrap_or_default())
    }

    /// The plain, slow definition.
    fn survivors(indexes: &[u64]) -> Vec<usize> {
        let survives = |&at: &usize| indexes[at + 1..].iter().all(|later| *later > indexes[at]);
        (0..indexes.len()).filter(survives).collect()
    }

    #[test]
    fn a_lower_index_supersedes_what_came_before_it() {
        for indexes in [
            vec![1, 2, 3, 4],
            vec![5, 6, 7, 6, 7, 8],
            vec![1, 2, 3, 4, 3, 4, 5, 2, 3],
            vec![4, 5, 6, 2, 3, 4, 5, 6, 7, 7],
            vec![1, 1, 1],
        ] {
            let group = survey(&indexes).unwrap();
            let found: Vec<usize> = (0..indexes.len())
                .filter(|&at| group.survives(at as u64 + 1, indexes[at]))
                .collect();
            assert_eq!(found, survivors(&indexes), "{indexes:?}");
            let kept: Vec<u64> = found.iter().map(|&at| indexes[at]).collect();
            assert_eq!(kept, (group.first_index..=group.last_index).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_gap_is_refused() {
        let error = survey(&[1, 2, 4]).unwrap_err();
        assert!(matches!(error, RecoveryError::IndexGap { last: 2, index: 4, .. }), "{error}");
    }
}
