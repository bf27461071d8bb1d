//! Lists of numbers as the kernel writes them: `0-3,8`.

/// Largest number in a list, so that a range cannot ask for all memory.
const NUMBER_MAX: usize = 1 << 16;

/// The numbers in ascending order; none when the text is no such list.
pub(crate) fn parse(text: &str) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last > NUMBER_MAX {
            return None;
        }
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges_and_single_numbers() {
        assert_eq!(parse("0-2,8\n"), Some(vec![0, 1, 2, 8]));
        assert_eq!(parse("5,1"), Some(vec![1, 5]));
        assert_eq!(parse("\n"), Some(vec![]));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["a", "1-", "-", "0-99999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
