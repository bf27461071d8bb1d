//! Settings of the kernel that matter for latency.

use std::path::Path;

use super::files;

/// Settings of the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Its release, for people; nothing is decided by it.
    pub release: Option<String>,
    /// Transparent huge pages.
    pub huge_pages: Option<Choices>,
    /// Where time comes from.
    pub clock_source: Option<String>,
    /// Threads that wanted to run during the last minute, on average: others that work, too.
    pub load: Option<String>,
}

impl Kernel {
    pub(super) fn read(root: &Path) -> Self {
        let huge_pages = files::text(root, "sys/kernel/mm/transparent_hugepage/enabled");
        let clock_source = "sys/devices/system/clocksource/clocksource0/current_clocksource";
        Self {
            release: files::text(root, "proc/sys/kernel/osrelease"),
            huge_pages: huge_pages.and_then(|text| Choices::parse(&text)),
            clock_source: files::text(root, clock_source),
            load: files::text(root, "proc/loadavg")
                .and_then(|text| Some(text.split_once(' ')?.0.to_owned())),
        }
    }
}

/// A setting with the words it may have: `none [mq-deadline] kyber`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// The word in brackets, which counts now.
    pub current: String,
    /// All words, the current one included.
    pub all: Vec<String>,
}

impl Choices {
    /// Reads the kernel's text; none when no word is in brackets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bare = |word: &str| word.trim_matches(['[', ']']).to_owned();
        let current = text.split_whitespace().find(|word| word.starts_with('['))?;
        Some(Self { current: bare(current), all: text.split_whitespace().map(bare).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_brackets_counts() {
        let found = Choices::parse("none [mq-deadline] kyber\n").unwrap();
        assert_eq!((found.current.as_str(), found.all.len()), ("mq-deadline", 3));
        assert_eq!(found.all[1], "mq-deadline");
        assert_eq!(Choices::parse("none"), None);
    }

    #[test]
    fn settings_are_read() {
        let root = files::tree(&[
            ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
            ("proc/loadavg", "1.50 0.70 0.30 2/300 4711\n"),
        ]);
        let found = Kernel::read(root.path());
        assert_eq!(found.huge_pages.unwrap().current, "always");
        assert_eq!((found.clock_source.as_deref(), found.release), (Some("tsc"), None));
        assert_eq!(found.load.as_deref(), Some("1.50"));
    }
}
