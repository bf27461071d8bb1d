//! What is measured of a disk.

use crate::profile::Sync;

/// Bytes of the log's blocks, and so of its smallest writes.
pub const BLOCK_BYTES: usize = 4096;

/// Files that are written to at once at most.
pub const FILES_MAX: usize = 4;

/// One way to write durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How a write becomes durable.
    pub method: Sync,
    /// Bytes of each write.
    pub bytes: usize,
    /// Files that are written to at once.
    pub files: usize,
    /// Writes under way at once in each file.
    pub depth: usize,
    /// Whether all processors have other work to do meanwhile.
    pub busy: bool,
}

impl Step {
    /// One write at a time to one file, with nothing else to do.
    #[must_use]
    pub const fn alone(method: Sync) -> Self {
        Self { method, bytes: BLOCK_BYTES, files: 1, depth: 1, busy: false }
    }

    /// The same with writes of another size.
    #[must_use]
    pub const fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The same over several files.
    #[must_use]
    pub const fn files(self, files: usize) -> Self {
        Self { files, ..self }
    }

    /// The same with several writes under way in each file.
    const fn depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same while all processors have other work to do.
    #[must_use]
    pub const fn busy(self) -> Self {
        Self { busy: true, ..self }
    }

    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let method = match self.method {
            Sync::Fdatasync => "write + fdatasync",
            Sync::Dsync => "O_DSYNC",
        };
        let size = match self.bytes {
            bytes if bytes < 1024 => format!("{bytes} B"),
            bytes => format!("{} KiB", bytes / 1024),
        };
        let busy = if self.busy { ", busy" } else { "" };
        format!(
            "{method}, {size}, files {}, in flight {}{busy}",
            self.files,
            self.files * self.depth
        )
    }
}

/// Everything, in the order in which it is measured: what decides comes first.
pub(super) fn steps(logical_block_bytes: Option<u64>) -> Vec<Step> {
    let (fdatasync, dsync) = (Step::alone(Sync::Fdatasync), Step::alone(Sync::Dsync));
    let mut steps = vec![fdatasync, dsync, fdatasync.busy(), dsync.busy()];
    for step in [fdatasync, dsync] {
        steps.extend([step.depth(4), step.depth(16), step.files(2), step.files(FILES_MAX)]);
    }
    // A disk whose blocks are larger than it says does a smaller write by reading first.
    if logical_block_bytes == Some(512) {
        steps.push(fdatasync.bytes(512));
    }
    steps.extend([fdatasync.bytes(16 << 10), fdatasync.bytes(64 << 10)]);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_another_one() {
        let steps = steps(Some(512));
        for (index, step) in steps.iter().enumerate() {
            assert!(!steps[..index].contains(step), "{step:?}");
            assert!(step.files <= FILES_MAX);
        }
        assert!(!super::steps(Some(4096)).iter().any(|step| step.bytes < BLOCK_BYTES));
    }

    #[test]
    fn a_step_says_what_it_is() {
        let step = Step::alone(Sync::Dsync).files(4).busy();
        assert_eq!(step.describe(), "O_DSYNC, 4 KiB, files 4, in flight 4, busy");
    }
}
