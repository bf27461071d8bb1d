//! What a core's clock shows: it never goes back, but may run a little faster or slower than time.
//!
//! Nothing shows the time of day to a core, so there is nothing to jump.

use std::time::Duration;

const MILLION: i64 = 1_000_000;

/// The clock of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Microseconds that it gains in a second; it loses when they are negative.
    pub gain_ppm: i32,
}

impl Clock {
    /// What it shows at `time`.
    pub(super) fn show(self, time: Duration) -> Duration {
        nanoseconds(time.as_nanos() * self.rate() / MILLION as u128)
    }

    /// When it shows `shown`, or a moment later.
    pub(super) fn when(self, shown: Duration) -> Duration {
        nanoseconds((shown.as_nanos() * MILLION as u128).div_ceil(self.rate()))
    }

    fn rate(self) -> u128 {
        let rate = MILLION + i64::from(self.gain_ppm);
        assert!(rate > 0, "a clock that does not run: {self:?}");
        rate as u128
    }
}

fn nanoseconds(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_never_early() {
        for gain_ppm in [-30_000, -1, 0, 7, 30_000] {
            let clock = Clock { gain_ppm };
            for shown in [0, 1, 999_999_999, 8_000_000_001].map(Duration::from_nanos) {
                let when = clock.when(shown);
                assert!(clock.show(when) >= shown, "{clock:?} {shown:?}");
                let before = when.saturating_sub(Duration::from_nanos(2));
                assert!(clock.show(before) < shown || shown.is_zero(), "{clock:?} {shown:?}");
            }
        }
    }
}
