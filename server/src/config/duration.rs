//! Durations as Go writes them: `300ms`, `1h30m`, `1.5s`.

use std::time::Duration;

/// Why a text is no duration; the texts are those of Go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum DurationError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit { unit: String, text: String },
    #[error("negative duration {0:?}")]
    Negative(String),
}

/// Reads a duration.
///
/// # Errors
/// The text is no duration, is longer than Go's 292 years, or is below zero, for which no option
/// has a meaning.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanoseconds = match unsigned {
        "" => return Err(invalid()),
        "0" => 0,
        parts => sum(parts, text)?,
    };
    if negative && nanoseconds != 0 {
        return Err(DurationError::Negative(text.to_owned()));
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Adds up `rest`, a sequence of numbers with units; in nanoseconds.
fn sum(mut rest: &str, text: &str) -> Result<u64, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, after) = split(rest, |byte| !(byte.is_ascii_digit() || byte == b'.'));
        let (unit, after) = split(after, |byte| byte.is_ascii_digit() || byte == b'.');
        total = total.checked_add(part(number, unit, text)?).ok_or_else(invalid)?;
        rest = after;
    }
    i64::try_from(total).map_err(|_| invalid())?;
    Ok(total)
}

/// Splits before the first byte for which `at` holds; such a byte is ASCII, so the cut is between
/// characters.
fn split(text: &str, at: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(at).unwrap_or(text.len());
    text.split_at(end)
}

/// One number with its unit in nanoseconds.
fn part(number: &str, unit: &str, text: &str) -> Result<u64, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(invalid());
    }
    if unit.is_empty() {
        return Err(DurationError::MissingUnit(text.to_owned()));
    }
    let scale = scale(unit).ok_or_else(|| DurationError::UnknownUnit {
        unit: unit.to_owned(),
        text: text.to_owned(),
    })?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
    whole
        .checked_mul(scale)
        .and_then(|n| n.checked_add(fraction_of(fraction, scale)))
        .ok_or_else(invalid)
}

/// Nanoseconds in a unit.
fn scale(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The digits after the point times `scale`. No unit is finer than 13 digits.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    let mut unit = scale;
    let mut total = 0;
    for digit in digits.bytes() {
        unit /= 10;
        total += u64::from(digit - b'0') * unit;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            ("0", 0),
            ("300ms", 300_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("+2us", 2_000),
            ("2µs", 2_000),
            ("-0s", 0),
            ("1m0.000000001s", 60_000_000_001),
        ];
        for (text, nanoseconds) in cases {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_texts_of_go() {
        let cases = [
            ("", r#"time: invalid duration """#),
            ("x", r#"time: invalid duration "x""#),
            (".s", r#"time: invalid duration ".s""#),
            ("1.2.3s", r#"time: invalid duration "1.2.3s""#),
            ("5", r#"time: missing unit in duration "5""#),
            ("-5", r#"time: missing unit in duration "-5""#),
            ("5y", r#"time: unknown unit "y" in duration "5y""#),
            ("3000000h", r#"time: invalid duration "3000000h""#),
            ("99999999999999999999s", r#"time: invalid duration "99999999999999999999s""#),
            ("-5s", r#"negative duration "-5s""#),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text).unwrap_err().to_string(), error);
        }
    }
}
