//! Which file systems can keep acknowledged data. The table of `docs/filesystems.md` is checked
//! against this one.

use std::io;
use std::path::Path;

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filesystem {
    /// Its name.
    pub name: &'static str,
    /// What it is good for.
    pub verdict: Verdict,
}

/// What a file system is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that Braid needs.
    Full,
    /// It works, with this to know.
    Warn(&'static str),
    /// Acknowledged data could be lost, for this reason.
    Refuse(&'static str),
}

const NETWORK: &str = "syncs, locks and O_DIRECT depend on a server that may answer before data is durable, and a second member could write the same files. Use a local disk or a block device";

/// Magic numbers of `statfs(2)`, names and verdicts.
pub const TABLE: &[(u32, &str, Verdict)] = &[
    (0xEF53, "ext4", Verdict::Full),
    (0x5846_5342, "xfs", Verdict::Full),
    (
        0x9123_683E,
        "btrfs",
        Verdict::Warn(
            "every sync also commits copied-on-write metadata, so writes are slower; ext4 or xfs are better. chattr +C on the empty directory helps",
        ),
    ),
    (
        0x2FC1_2FC1,
        "zfs",
        Verdict::Warn(
            "syncs go through its intent log and data is cached twice, so writes are slower; ext4 or xfs are better",
        ),
    ),
    (
        0xCA45_1A4E,
        "bcachefs",
        Verdict::Warn("it is copy-on-write, so syncs are slower; ext4 or xfs are better"),
    ),
    (0xF2F5_2010, "f2fs", Verdict::Warn("it is not tested with Braid; ext4 or xfs are better")),
    (
        0x794C_7630,
        "overlayfs",
        Verdict::Warn(
            "this is a container's own layer, which goes away with the container. Mount a volume for --data-dir",
        ),
    ),
    (
        0x0102_1994,
        "tmpfs",
        Verdict::Warn("it is memory: everything is gone when the machine restarts. For tests only"),
    ),
    (
        0x8584_58F6,
        "ramfs",
        Verdict::Warn("it is memory: everything is gone when the machine restarts. For tests only"),
    ),
    (
        0x6573_5546,
        "fuse",
        Verdict::Warn(
            "whether a sync reaches the disk is up to the program behind it. Use a local disk for data that matters",
        ),
    ),
    (
        0x0102_1997,
        "9p",
        Verdict::Warn(
            "whether a sync reaches the disk is up to the host behind it. Use a local disk for data that matters",
        ),
    ),
    (0x6969, "nfs", Verdict::Refuse(NETWORK)),
    (0xFF53_4D42, "cifs", Verdict::Refuse(NETWORK)),
    (0xFE53_4D42, "smb2", Verdict::Refuse(NETWORK)),
    (0x517B, "smbfs", Verdict::Refuse(NETWORK)),
    (0x5346_414F, "afs", Verdict::Refuse(NETWORK)),
    (0x0BD0_0BD0, "lustre", Verdict::Refuse(NETWORK)),
    (0x00C3_6400, "ceph", Verdict::Refuse(NETWORK)),
];

impl Filesystem {
    /// The file system of `path`.
    ///
    /// # Errors
    /// `statfs` fails, for one because there is nothing at `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let magic = rustix::fs::statfs(path)?.f_type;
        // The field's type differs between platforms; magic numbers have 32 bits.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "32 bits carry it"
        )]
        let magic = magic as u32;
        Ok(Self::of_magic(magic))
    }

    /// The file system with this magic number.
    #[must_use]
    pub fn of_magic(magic: u32) -> Self {
        TABLE.iter().find(|(known, ..)| *known == magic).map_or(
            Self {
                name: "unknown",
                verdict: Verdict::Warn(
                    "this kind of file system is not known to Braid. Use ext4 or xfs for data that matters",
                ),
            },
            |&(_, name, verdict)| Self { name, verdict },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_unknown_and_so_warned_about() {
        let found = Filesystem::of(Path::new("/proc")).unwrap();
        assert_eq!(found.name, "unknown");
        assert!(matches!(found.verdict, Verdict::Warn(_)));
    }

    #[test]
    fn verdicts_by_magic_number() {
        assert_eq!(Filesystem::of_magic(0xEF53).verdict, Verdict::Full);
        assert!(matches!(Filesystem::of_magic(0x6969).verdict, Verdict::Refuse(_)));
        assert!(matches!(Filesystem::of_magic(0x0102_1994).verdict, Verdict::Warn(_)));
    }

    #[test]
    fn magic_numbers_and_names_are_unique() {
        for (index, (magic, name, _)) in TABLE.iter().enumerate() {
            for (other, other_name, _) in &TABLE[index + 1..] {
                assert!(magic != other && name != other_name, "{name} {other_name}");
            }
        }
    }
}
