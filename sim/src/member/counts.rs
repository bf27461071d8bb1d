//! What a member's cores cost each other and the disk, counted: what a clock cannot show in a
//! simulation.

use std::ops::Sub;

/// Counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Mails from one core to another.
    pub mails: u64,
    /// Times that one core got another one up that was asleep.
    pub wake_ups: u64,
    /// Writes of a log, each with its sync.
    pub syncs: u64,
    /// Bytes of these.
    pub bytes: u64,
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            mails: self.mails - before.mails,
            wake_ups: self.wake_ups - before.wake_ups,
            syncs: self.syncs - before.syncs,
            bytes: self.bytes - before.bytes,
        }
    }
}
