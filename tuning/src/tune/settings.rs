//! Settings of the running kernel: read, changed, and put back.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use crate::machine::Choices;

/// What may be changed, and nothing else: an undo file is only text. `*` is one name.
const KNOWN: [&str; 4] = [
    "/sys/block/*/queue/scheduler",
    "/sys/devices/system/cpu/*/cpufreq/scaling_governor",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/proc/sys/net/core/somaxconn",
];

/// A file of `/sys` or `/proc` and the value that it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its absolute path.
    pub path: String,
    /// The value.
    pub value: String,
}

impl Setting {
    pub(super) fn new(path: impl Into<String>, value: impl ToString) -> Self {
        Self { path: path.into(), value: value.to_string() }
    }

    /// What a person would type.
    pub(super) fn command(&self) -> String {
        format!("echo {} > {}", self.value, self.path)
    }

    /// Whether it is one of those that may be changed.
    pub(super) fn is_known(&self) -> bool {
        KNOWN.iter().any(|pattern| matches(Path::new(pattern), Path::new(&self.path)))
    }

    /// What counts now. `root` is `/` outside of tests.
    pub(super) fn current(&self, root: &Path) -> io::Result<String> {
        let text = fs::read_to_string(self.file(root))?;
        Ok(Choices::parse(&text).map_or_else(|| text.trim().to_owned(), |choices| choices.current))
    }

    /// Makes the value count.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        // Opened without `create`: these files are there or not.
        let mut file = fs::OpenOptions::new().write(true).truncate(true).open(self.file(root))?;
        io::Write::write_all(&mut file, self.value.as_bytes())
    }

    fn file(&self, root: &Path) -> PathBuf {
        root.join(self.path.trim_start_matches('/'))
    }
}

/// Whether the two paths have the same parts, `*` in the pattern standing for any name.
fn matches(pattern: &Path, path: &Path) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.components().collect(), path.components().collect());
    let fits = |(known, found): (&Component<'_>, &Component<'_>)| {
        known == found || (known.as_os_str() == "*" && matches!(found, Component::Normal(_)))
    };
    pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_settings_are_known() {
        let known = |path: &str| Setting::new(path, "x").is_known();
        assert!(known("/sys/block/nvme0n1/queue/scheduler"));
        assert!(known("/proc/sys/net/core/somaxconn"));
        for path in [
            "/etc/passwd",
            "/sys/block/../queue/scheduler",
            "/sys/block/a/b/queue/scheduler",
            "sys/block/vda/queue/scheduler",
            "/sys/block/vda/queue/scheduler/..",
        ] {
            assert!(!known(path), "{path}");
        }
    }
}
