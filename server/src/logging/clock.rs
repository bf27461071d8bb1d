//! Points in time as etcd writes them: `2026-01-31T12:00:00.000001Z`.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// Time since 1970 in UTC, written with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp(Duration);

impl Timestamp {
    /// The present. A clock before 1970 counts as 1970.
    #[expect(
        clippy::disallowed_methods,
        reason = "log lines tell the time of day; nothing else sees it"
    )]
    pub(super) fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.as_secs() / DAY, self.0.as_secs() % DAY);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let microsecond = self.0.subsec_micros();
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z"
        )
    }
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar.
///
/// Counted from 0000-03-01: then leap days end years, and months come in runs of five with 153 days.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(Timestamp(Duration::from_secs(seconds)).to_string(), text);
        }
        assert_eq!(
            Timestamp(Duration::from_nanos(1_000_001_999)).to_string(),
            "1970-01-01T00:00:01.000001Z"
        );
    }

    #[test]
    fn days_follow_each_other() {
        let mut last = date(0);
        for days in 1..60_000 {
            let next = date(days);
            assert!(next > last, "{last:?} {next:?}");
            assert!(next.2 == last.2 + 1 || next.2 == 1, "{last:?} {next:?}");
            last = next;
        }
    }
}
