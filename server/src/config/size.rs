//! Sizes in bytes with binary units: `4096`, `64MiB`, `2GiB`.

/// Units and their size in bytes; the one-letter forms are what people type.
const UNITS: [(&str, u64); 10] = [
    ("B", 1),
    ("", 1),
    ("KiB", 1 << 10),
    ("K", 1 << 10),
    ("MiB", 1 << 20),
    ("M", 1 << 20),
    ("GiB", 1 << 30),
    ("G", 1 << 30),
    ("TiB", 1 << 40),
    ("T", 1 << 40),
];

/// Reads a size; none when the text is no size or larger than 64 bits hold.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (_, scale) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        for (text, bytes) in
            [("0", 0), ("4096", 4096), ("64MiB", 64 << 20), ("1 gib", 1 << 30), ("2k", 2048)]
        {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "MiB", "-1", "1.5GiB", "1MB", "1MiBs", "99999999999TiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
