//! How the operating system treats a core, and how the disk treats everybody.

use std::time::Duration;

use crate::model::random::Random;

/// When a core that wants to go on may do so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tempo {
    /// Mostly at once, sometimes held up.
    Usual,
    /// Always behind the others.
    Starved,
    /// At once, but for long pauses.
    Fits,
}

impl Tempo {
    /// The delay of a turn.
    pub(super) fn delay(self, random: &mut Random) -> Duration {
        let delay_us = match (self, random.below(100)) {
            (Self::Starved, _) => random.below(400),
            (Self::Fits, 0) if random.one_in(100) => random.below(3_000_000),
            (Self::Fits, 0) => random.below(30_000),
            (Self::Usual, 0) => random.below(2000),
            (Self::Usual, 1..=9) => random.below(100),
            _ => random.below(3),
        };
        Duration::from_micros(delay_us)
    }
}

/// What the disk does to a running member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Some reads bring other bytes than were written.
    pub bad_reads: bool,
    /// Some I/O takes seconds.
    pub stuck_io: bool,
    /// Now and then there is no room for another segment, for seconds. A write into a segment
    /// needs none.
    pub full_disk: bool,
    /// A sync fails some day.
    pub failing_sync: bool,
}

impl Faults {
    /// Draws faults; mostly none.
    pub fn draw(random: &mut Random) -> Self {
        Self {
            bad_reads: random.one_in(5),
            stuck_io: random.one_in(5),
            full_disk: random.one_in(5),
            failing_sync: random.one_in(8),
        }
    }
}
