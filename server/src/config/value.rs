//! Values of options, and how a text becomes one.

use std::num::IntErrorKind;
use std::time::Duration;

use super::duration;
use super::option::Kind;
use super::size;
use super::url::Url;

/// A value of some [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Value {
    Bool(bool),
    Int(i64),
    /// Of the kinds `Uint`, `Uint32` and `Size`.
    Uint(u64),
    Duration(Duration),
    /// Of the kinds `Text` and `Choice`.
    Text(String),
    Strings(Vec<String>),
    Urls(Vec<Url>),
}

/// Why a text is no value of a kind, in the words of Go's flag package where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {advice}")]
pub struct ValueError {
    /// What is wrong.
    pub reason: String,
    /// What to write instead.
    pub advice: String,
}

impl ValueError {
    /// Joins the two halves of the message.
    pub fn new(reason: impl ToString, advice: impl ToString) -> Self {
        Self { reason: reason.to_string(), advice: advice.to_string() }
    }
}

impl Value {
    /// Reads `text` as a value of `kind`.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, ValueError> {
        match kind {
            Kind::Bool => parse_bool(text).map(Self::Bool),
            Kind::Int => parse_int(text).map(Self::Int),
            Kind::Uint => parse_uint(text).map(Self::Uint),
            Kind::Uint32 => parse_uint32(text).map(Self::Uint),
            Kind::Size => size::parse(text)
                .map(Self::Uint)
                .ok_or_else(|| ValueError::new("parse error", "give bytes, for example 512MiB")),
            Kind::Duration => duration::parse(text).map(Self::Duration).map_err(|error| {
                ValueError::new(format!("parse error: {error}"), "give a duration, for example 10s")
            }),
            Kind::Text => Ok(Self::Text(text.to_owned())),
            Kind::Choice(words) => parse_choice(words, text).map(Self::Text),
            Kind::Strings => Ok(Self::Strings(parse_strings(text))),
            Kind::Urls => parse_urls(text).map(Self::Urls),
        }
    }
}

fn parse_bool(text: &str) -> Result<bool, ValueError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(ValueError::new("parse error", "give true or false")),
    }
}

const WHOLE: &str = "give a whole number, for example 128";

fn parse_int(text: &str) -> Result<i64, ValueError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = i128::from(parse_uint(digits)?);
    let signed = if negative { -magnitude } else { magnitude };
    i64::try_from(signed).map_err(|_| ValueError::new("value out of range", WHOLE))
}

/// Reads decimal digits, or digits of another base behind `0x`, `0o`, `0b` or a
/// mere `0` (octal), as Go does.
fn parse_uint(text: &str) -> Result<u64, ValueError> {
    let prefix = text.get(..2).unwrap_or("").to_ascii_lowercase();
    let (base, digits) = match prefix.as_str() {
        "0x" => (16, &text[2..]),
        "0o" => (8, &text[2..]),
        "0b" => (2, &text[2..]),
        _ if text.len() > 1 && text.starts_with('0') => (8, &text[1..]),
        _ => (10, text),
    };
    if digits.starts_with('+') {
        return Err(ValueError::new("parse error", WHOLE));
    }
    u64::from_str_radix(digits, base).map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => ValueError::new("value out of range", WHOLE),
        _ => ValueError::new("parse error", WHOLE),
    })
}

fn parse_uint32(text: &str) -> Result<u64, ValueError> {
    let number = parse_uint(text)?;
    if number > u64::from(u32::MAX) {
        return Err(ValueError::new("value out of range", "give at most 4294967295"));
    }
    Ok(number)
}

fn parse_choice(words: &[&str], text: &str) -> Result<String, ValueError> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(ValueError::new("invalid value", format!("give {}", words.join(" or "))))
}

/// Splits at commas; empty texts make an empty list.
fn parse_strings(text: &str) -> Vec<String> {
    let mut list: Vec<String> =
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
    list.dedup();
    list
}

fn parse_urls(text: &str) -> Result<Vec<Url>, ValueError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Url::parse_list(text)
        .map_err(|error| ValueError::new(error, "give URLs like http://127.0.0.1:2379"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_go_does() {
        assert_eq!(Value::parse(Kind::Int, "-12"), Ok(Value::Int(-12)));
        assert_eq!(Value::parse(Kind::Int, "-9223372036854775808"), Ok(Value::Int(i64::MIN)));
        assert_eq!(Value::parse(Kind::Uint, "0x10"), Ok(Value::Uint(16)));
        assert_eq!(Value::parse(Kind::Uint, "010"), Ok(Value::Uint(8)));
        assert_eq!(Value::parse(Kind::Uint32, "4294967295"), Ok(Value::Uint(4_294_967_295)));
    }

    #[test]
    fn refuses_what_go_refuses() {
        let reason = |kind, text| Value::parse(kind, text).unwrap_err().reason;
        for text in ["", "abc", "1.5", "-1", "++1", "0x", "1 "] {
            assert_eq!(reason(Kind::Uint, text), "parse error", "{text}");
        }
        assert_eq!(reason(Kind::Int, "9223372036854775808"), "value out of range");
        assert_eq!(reason(Kind::Uint, "18446744073709551616"), "value out of range");
        assert_eq!(reason(Kind::Uint32, "99999999999"), "value out of range");
        assert_eq!(reason(Kind::Bool, "maybe"), "parse error");
        assert_eq!(reason(Kind::Choice(&["new", "existing"]), "old"), "invalid value");
    }

    #[test]
    fn lists_have_no_empty_items() {
        let strings = |text| Value::parse(Kind::Strings, text).unwrap();
        assert_eq!(strings(""), Value::Strings(vec![]));
        assert_eq!(strings("a, b,"), Value::Strings(vec!["a".into(), "b".into()]));
        assert_eq!(Value::parse(Kind::Urls, ""), Ok(Value::Urls(vec![])));
    }
}
