//! Limits of this process and of the network.

use std::path::Path;

use super::files;

/// Limits; none where there is no such limit, or nothing is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory that the process may lock, in bytes.
    pub memlock_bytes: Option<u64>,
    /// Files that it may have open: the hard limit, to which the server raises its own.
    pub open_files: Option<u64>,
    /// Connections that wait to be accepted.
    pub backlog: Option<u64>,
    /// Connections that are half open.
    pub syn_backlog: Option<u64>,
}

impl Limits {
    pub(super) fn read(root: &Path) -> Self {
        let of_process = files::text(root, "proc/self/limits").unwrap_or_default();
        Self {
            memlock_bytes: column(&of_process, "Max locked memory", 0),
            open_files: column(&of_process, "Max open files", 1),
            backlog: files::number(root, "proc/sys/net/core/somaxconn"),
            syn_backlog: files::number(root, "proc/sys/net/ipv4/tcp_max_syn_backlog"),
        }
    }
}

/// The number in a column behind a limit's name: 0 is the soft limit, 1 the hard one.
fn column(limits: &str, name: &str, column: usize) -> Option<u64> {
    let values = limits.lines().find_map(|line| line.strip_prefix(name))?;
    values.split_whitespace().nth(column)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 524288               files
Max locked memory         8388608              unlimited            bytes
";

    #[test]
    fn limits_are_read() {
        let root =
            files::tree(&[("proc/self/limits", TEXT), ("proc/sys/net/core/somaxconn", "4096\n")]);
        let found = Limits::read(root.path());
        assert_eq!((found.memlock_bytes, found.open_files), (Some(8 << 20), Some(524_288)));
        assert_eq!((found.backlog, found.syn_backlog), (Some(4096), None));
        assert_eq!(column(TEXT, "Max locked memory", 1), None, "unlimited");
    }
}
