//! A disk without room for another segment, as the real driver tells of it: once, and then it tries
//! again until there is room. A log is never without a segment, since a server does not start
//! without room for the first one; and a write into a segment, which is there in full, needs none.

use std::time::Duration;

use braid_core::ids::CoreId;
use braid_core::machine::Input;
use braid_storage::segment::SegmentHeader;

use super::Member;
use super::schedule::Event;

/// How long a full disk is left alone before the next try.
const RETRY: Duration = Duration::from_secs(2);

/// The longest time for which a disk is full by itself, in milliseconds.
const FULL_MS_MAX: u64 = 5000;

impl Member {
    /// From now on there is no room on the disk, for some time.
    pub fn lose_space(&mut self, time: Duration) {
        self.full_until = self.now + time;
    }

    /// Makes a segment now or, as often as there was no room, later.
    pub(super) fn prepare(&mut self, core: CoreId, segment: SegmentHeader, again: bool) {
        if self.faults.full_disk && !again && self.random.one_in(3) {
            let time = Duration::from_millis(self.random.below(FULL_MS_MAX));
            self.full_until = self.full_until.max(self.now + time);
        }
        if self.now >= self.full_until || segment.ordinal == 0 {
            self.disk.create(&segment);
            return self.finish(core, Input::SegmentReady(segment.id));
        }
        if !again {
            self.was_full = true;
            self.finish(core, Input::NoSpace);
        }
        self.schedule.plan(self.now + RETRY, Event::Prepare(core, segment, true));
    }
}
