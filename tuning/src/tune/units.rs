//! Numbers for people.

use std::time::Duration;

/// `340 us`, `1.2 ms`.
pub(super) fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    if us < 1000.0 { format!("{us:.0} us") } else { format!("{:.1} ms", us / 1000.0) }
}

/// `4 KiB`, `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, size)| bytes >= *size) {
        None => format!("{bytes} B"),
        Some((unit, size)) if bytes.is_multiple_of(size) => format!("{} {unit}", bytes / size),
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size as f64),
    }
}

/// `5800/s`.
pub(super) fn rate(rate: f64) -> String {
    format!("{rate:.0}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_chosen() {
        assert_eq!(time(Duration::from_micros(340)), "340 us");
        assert_eq!(time(Duration::from_micros(1250)), "1.2 ms");
        assert_eq!([bytes(512), bytes(4096), bytes(3 << 29)], ["512 B", "4 KiB", "1.5 GiB"]);
        assert_eq!(rate(5800.4), "5800/s");
    }
}
