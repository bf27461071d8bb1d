//! Limits of the control groups (v1 and v2) that hold this process.
//!
//! A limit may stand at any level above, so every directory from the process's own up to the mount
//! point is read and the lowest limit counts. In a container the path in `/proc/self/cgroup` may not
//! exist below the mount point; then only the levels that exist count.

use std::fs;
use std::path::{Path, PathBuf};

/// Above this a v1 memory limit means "none": the kernel shows the largest multiple of a page.
const UNLIMITED: u64 = 1 << 62;

/// The directories that hold this process's limits.
#[derive(Debug, Default)]
pub(super) struct Cgroup {
    /// Directories of the unified hierarchy, own first.
    unified: Vec<PathBuf>,
    /// Directories of the v1 controllers.
    cpu: Vec<PathBuf>,
    memory: Vec<PathBuf>,
}

impl Cgroup {
    /// Finds them below `root`, which is `/` outside of tests.
    pub(super) fn of_this_process(root: &Path) -> Self {
        let mount = root.join("sys/fs/cgroup");
        let mut found = Self::default();
        for line in fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default().lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            found.add(&mount, controllers, path);
        }
        found
    }

    fn add(&mut self, mount: &Path, controllers: &str, path: &str) {
        if controllers.is_empty() {
            self.unified = levels(mount, path);
        }
        for controller in controllers.split(',') {
            match controller {
                "cpu" => self.cpu = levels(&mount.join("cpu"), path),
                "memory" => self.memory = levels(&mount.join("memory"), path),
                _ => {}
            }
        }
    }

    /// CPUs' worth of time allowed, rounded up.
    pub(super) fn cpu_quota(&self) -> Option<u64> {
        let unified = self.unified.iter().filter_map(|level| unified_quota(level));
        let v1 = self.cpu.iter().filter_map(|level| v1_quota(level));
        unified.chain(v1).min()
    }

    /// Bytes of memory allowed.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        let unified = self.unified.iter().filter_map(|level| number(&level.join("memory.max")));
        let v1 =
            self.memory.iter().filter_map(|level| number(&level.join("memory.limit_in_bytes")));
        unified.chain(v1).filter(|limit| *limit < UNLIMITED).min()
    }
}

/// The directory of `path` below `mount` and all between them, those that exist.
fn levels(mount: &Path, path: &str) -> Vec<PathBuf> {
    let own = mount.join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|level| level.starts_with(mount))
        .filter(|level| level.is_dir())
        .map(Path::to_owned)
        .collect()
}

/// `cpu.max` holds quota and period in microseconds, or `max`.
fn unified_quota(level: &Path) -> Option<u64> {
    let text = fs::read_to_string(level.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    ratio(quota.parse().ok()?, period.parse().ok()?)
}

/// A v1 quota of -1 means none, which no unsigned number is.
fn v1_quota(level: &Path) -> Option<u64> {
    ratio(number(&level.join("cpu.cfs_quota_us"))?, number(&level.join("cpu.cfs_period_us"))?)
}

fn ratio(quota: u64, period: u64) -> Option<u64> {
    (period > 0).then(|| quota.div_ceil(period).max(1))
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file system with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn unified_limits_of_all_levels() {
        let root = root(&[
            ("proc/self/cgroup", "0::/pod/one\n"),
            ("sys/fs/cgroup/pod/cpu.max", "250000 100000\n"),
            ("sys/fs/cgroup/pod/one/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/pod/memory.max", "max\n"),
            ("sys/fs/cgroup/pod/one/memory.max", "1073741824\n"),
        ]);
        let cgroup = Cgroup::of_this_process(root.path());
        assert_eq!(cgroup.cpu_quota(), Some(3));
        assert_eq!(cgroup.memory_limit(), Some(1 << 30));
    }

    #[test]
    fn limits_of_v1_controllers() {
        let root = root(&[
            ("proc/self/cgroup", "4:memory:/a\n3:cpu,cpuacct:/a\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        let cgroup = Cgroup::of_this_process(root.path());
        assert_eq!(cgroup.cpu_quota(), Some(1));
        assert_eq!(cgroup.memory_limit(), None);
    }

    #[test]
    fn a_path_outside_the_container_counts_from_the_mount_point() {
        let root = root(&[
            ("proc/self/cgroup", "0::/host/path\n"),
            ("sys/fs/cgroup/memory.max", "4096\n"),
        ]);
        assert_eq!(Cgroup::of_this_process(root.path()).memory_limit(), Some(4096));
    }

    #[test]
    fn nothing_to_be_found() {
        let cgroup = Cgroup::of_this_process(root(&[]).path());
        assert_eq!((cgroup.cpu_quota(), cgroup.memory_limit()), (None, None));
    }
}
