//! The disk under a directory, as the kernel's block layer describes it.

use std::fs;
use std::path::{Path, PathBuf};

use super::files;
use super::kernel::Choices;

/// What a file system says it lies on. Some say nothing useful: their major number is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId {
    /// The driver.
    pub major: u32,
    /// Which of its disks or partitions.
    pub minor: u32,
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDevice {
    /// Its name below `/sys/block`.
    pub name: String,
    /// Bytes of the smallest write that it takes.
    pub logical_block_bytes: Option<u64>,
    /// Bytes of the smallest write that it does without reading first, as it says.
    pub physical_block_bytes: Option<u64>,
    /// `write back` when a flush is needed, `write through` when not.
    pub write_cache: Option<String>,
    /// Whether single writes can go past the cache.
    pub forced_unit_access: Option<bool>,
    /// Whether it says that it turns.
    pub rotational: Option<bool>,
    /// The scheduler of its requests.
    pub scheduler: Option<Choices>,
    /// 0: requests are merged, 1: only simple ones, 2: none.
    pub no_merges: Option<u64>,
}

impl BlockDevice {
    /// Reads it below `root`; none when the kernel has no such device.
    #[must_use]
    pub fn read(root: &Path, id: DeviceId) -> Option<Self> {
        let folder = folder(root, id)?;
        let name = folder.file_name()?.to_str()?.to_owned();
        let text = |file: &str| files::text(&folder, &format!("queue/{file}"));
        let number = |file: &str| text(file)?.parse().ok();
        let switch = |file: &str| number(file).map(|number: u64| number != 0);
        Some(Self {
            name,
            logical_block_bytes: number("logical_block_size"),
            physical_block_bytes: number("physical_block_size"),
            write_cache: text("write_cache"),
            forced_unit_access: switch("fua"),
            rotational: switch("rotational"),
            scheduler: text("scheduler").and_then(|text| Choices::parse(&text)),
            no_merges: number("nomerges"),
        })
    }
}

/// The disk's folder; a partition's is one below its disk's.
fn folder(root: &Path, id: DeviceId) -> Option<PathBuf> {
    let link = root.join(format!("sys/dev/block/{}:{}", id.major, id.minor));
    let folder = fs::canonicalize(link).ok()?;
    let disk = if folder.join("partition").exists() { folder.parent()? } else { &folder };
    disk.join("queue").is_dir().then(|| disk.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn disk() -> tempfile::TempDir {
        let queue = "sys/devices/nvme0n1/queue";
        let root = files::tree(&[
            (&format!("{queue}/logical_block_size"), "512\n"),
            (&format!("{queue}/physical_block_size"), "4096\n"),
            (&format!("{queue}/write_cache"), "write back\n"),
            (&format!("{queue}/fua"), "1\n"),
            (&format!("{queue}/rotational"), "0\n"),
            (&format!("{queue}/scheduler"), "[none] mq-deadline\n"),
            (&format!("{queue}/nomerges"), "0\n"),
            ("sys/devices/nvme0n1/nvme0n1p1/partition", "1\n"),
            ("sys/dev/block/none", ""),
        ]);
        for (link, target) in [("259:0", "nvme0n1"), ("259:1", "nvme0n1/nvme0n1p1")] {
            let target = root.path().join("sys/devices").join(target);
            symlink(target, root.path().join("sys/dev/block").join(link)).unwrap();
        }
        root
    }

    #[test]
    fn a_disk_and_its_partition_are_the_same() {
        let root = disk();
        let read = |minor| BlockDevice::read(root.path(), DeviceId { major: 259, minor });
        let found = read(0).unwrap();
        assert_eq!(read(1).as_ref(), Some(&found));
        assert_eq!(found.name, "nvme0n1");
        assert_eq!(
            (found.logical_block_bytes, found.physical_block_bytes),
            (Some(512), Some(4096))
        );
        assert_eq!(found.write_cache.as_deref(), Some("write back"));
        assert_eq!((found.forced_unit_access, found.rotational), (Some(true), Some(false)));
        assert_eq!(found.scheduler.unwrap().current, "none");
        assert_eq!(read(2), None);
    }
}
