//! Figures as people read them.

/// A number with three digits that matter and thousands set apart; `-` for none, as the ratio to
/// nothing is.
pub fn count(number: f64) -> String {
    match number {
        n if !n.is_finite() => "-".into(),
        n if n >= 100.0 => thousands(n.round() as u64),
        n if n >= 10.0 => format!("{n:.1}"),
        n if n >= 0.01 => format!("{n:.2}"),
        n if n > 0.0 => format!("{n:.4}"),
        _ => "0".into(),
    }
}

/// Nanoseconds with a unit.
pub fn nanos(nanos: u64) -> String {
    match nanos as f64 {
        n if n < 1e3 => format!("{n} ns"),
        n if n < 1e6 => format!("{} us", digits(n / 1e3)),
        n if n < 1e9 => format!("{} ms", digits(n / 1e6)),
        n => format!("{} s", digits(n / 1e9)),
    }
}

/// Bytes with a unit.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        n if n < 1e4 => format!("{} B", count(n)),
        n if n < 1e6 => format!("{} kB", digits(n / 1e3)),
        n if n < 1e9 => format!("{} MB", digits(n / 1e6)),
        n => format!("{} GB", digits(n / 1e9)),
    }
}

fn digits(number: f64) -> String {
    match number {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_matter() {
        let counts = [0.0, 0.5, 12.34, 999.6, 1_234_567.0].map(count);
        assert_eq!(counts, ["0", "0.50", "12.3", "1,000", "1,234,567"]);
        assert_eq!(count(1.0 / 0.0), "-");
        let times = [999, 1_500, 25_000_000, 3_000_000_000].map(nanos);
        assert_eq!(times, ["999 ns", "1.50 us", "25.0 ms", "3.00 s"]);
        assert_eq!([750.0, 5e6].map(bytes), ["750 B", "5.00 MB"]);
    }
}
