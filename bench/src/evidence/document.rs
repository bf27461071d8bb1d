//! The document that figures stand in.

/// Where the section begins and ends.
const BEGIN: &str = "<!-- figures: written by `braid-bench evidence` -->\n";
const END: &str = "<!-- end of figures -->";

/// What makes a number the claim of a speed or a size.
const UNITS: [&str; 15] = [
    "ns", "us", "µs", "ms", "seconds", "/s", "times", "x", "%", "kB", "KB", "MB", "GB", "MiB",
    "GiB",
];

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (section, after) = rest.split_once(END)?;
    Some((before, section, after))
}

/// The document with another section; none when it has no place for one.
pub fn with_section(text: &str, section: &str) -> Option<String> {
    let (before, _, after) = split(text)?;
    Some(format!("{before}{BEGIN}{section}{END}{after}"))
}

/// Numbers with a unit that stand elsewhere, outside of code.
pub fn stray_figures(text: &str) -> Vec<String> {
    let (before, _, after) = split(text).unwrap_or((text, "", ""));
    let lines = before.lines().chain(after.lines()).filter(|line| !line.starts_with("    "));
    lines.flat_map(|line| line.split('`').step_by(2).flat_map(figures)).collect()
}

fn figures(prose: &str) -> Vec<String> {
    let words: Vec<_> = prose.split_whitespace().collect();
    let next = words.iter().skip(1).copied().chain([""]);
    let pairs = words.iter().zip(next);
    pairs.filter(|(word, next)| is_figure(word, next)).map(|(a, b)| format!("{a} {b}")).collect()
}

fn is_figure(word: &str, next: &str) -> bool {
    let edge = |c: char| !c.is_alphanumeric() && !"/%".contains(c);
    let (word, next) = (word.trim_start_matches(edge), next.trim_matches(edge));
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || ".,".contains(c));
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    let unit = unit.trim_end_matches(edge);
    is_number && (UNITS.contains(&unit) || unit.is_empty() && UNITS.contains(&next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let text = format!("before\n{BEGIN}old\n{END}\nafter\n");
        let new = with_section(&text, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}new\n{END}\nafter\n"));
        assert_eq!(with_section("no place", "new"), None);
    }

    #[test]
    fn figures_outside_of_the_section_are_found() {
        for claim in
            ["takes 8 us each", "(120,000/s)", "is 4 times faster", "4x.", "at 99 %,", "12.5ms"]
        {
            let text = format!("{BEGIN}7 us{END}\n{claim} or so");
            assert_eq!(stray_figures(&text).len(), 1, "{claim}");
        }
        for harmless in
            ["Linux 5.11 or newer", "`sleep 5 s`", "    took 5 ms", "3.7.1, 127.0.0.1:2379"]
        {
            assert_eq!(stray_figures(harmless), [""; 0], "{harmless}");
        }
    }
}
