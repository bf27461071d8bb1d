//! Caches of the first processor; all others are assumed to have the same.

use std::path::Path;

use super::files;
use crate::list;

/// Caches of one processor; there are five at most.
const CACHES_MAX: usize = 16;

/// One cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// 1 is the nearest.
    pub level: u64,
    /// `Data`, `Instruction` or `Unified`.
    pub kind: String,
    /// As the kernel writes it: `1024K`.
    pub size: String,
    /// CPUs that share it.
    pub shared_by: usize,
}

pub(super) fn read(root: &Path) -> Vec<Cache> {
    (0..CACHES_MAX).map_while(|index| cache(root, index)).collect()
}

fn cache(root: &Path, index: usize) -> Option<Cache> {
    let of = |name: &str| {
        files::text(root, &format!("sys/devices/system/cpu/cpu0/cache/index{index}/{name}"))
    };
    Some(Cache {
        level: of("level")?.parse().ok()?,
        kind: of("type")?,
        size: of("size")?,
        shared_by: of("shared_cpu_list")
            .and_then(|text| list::parse(&text))
            .map_or(1, |it| it.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_until_one_is_missing() {
        let folder = "sys/devices/system/cpu/cpu0/cache";
        let path = |rest: &str| format!("{folder}/{rest}");
        let root = files::tree(&[
            (&path("index0/level"), "1\n"),
            (&path("index0/type"), "Data\n"),
            (&path("index0/size"), "48K\n"),
            (&path("index0/shared_cpu_list"), "0,32\n"),
            (&path("index1/level"), "3\n"),
            (&path("index1/type"), "Unified\n"),
            (&path("index1/size"), "32768K\n"),
        ]);
        let found = read(root.path());
        let shown: Vec<_> =
            found.iter().map(|it| (it.level, it.size.as_str(), it.shared_by)).collect();
        assert_eq!(shown, [(1, "48K", 2), (3, "32768K", 1)]);
    }
}
