//! etcd's "Features" and "Unsafe feature" options.

use crate::config::option::{Kind, OptionSpec, harmless, refused, used};

const ONE_MEMBER: &str = "there is one member";

pub(super) const OPTIONS: &[OptionSpec] = &[
    harmless(
        "corrupt-check-time",
        Kind::Duration,
        "0s",
        "Time between comparisons with peers.",
        ONE_MEMBER,
    ),
    harmless(
        "compact-hash-check-time",
        Kind::Duration,
        "1m",
        "Time between comparisons of compacted hashes with peers.",
        ONE_MEMBER,
    ),
    harmless(
        "compaction-batch-limit",
        Kind::Int,
        "1000",
        "Revisions that one slice of a compaction drops.",
        "compaction slices are bounded by time",
    ),
    harmless(
        "compaction-sleep-interval",
        Kind::Duration,
        "10ms",
        "Pause between slices of a compaction.",
        "compaction yields to requests by itself",
    ),
    used(
        "watch-progress-notify-interval",
        Kind::Duration,
        "10m",
        "Time between progress notifications to watchers that asked for them.",
    ),
    used(
        "warning-apply-duration",
        Kind::Duration,
        "100ms",
        "A request that the engine takes longer for is logged.",
    ),
    harmless(
        "bootstrap-defrag-threshold-megabytes",
        Kind::Uint,
        "0",
        "Space that makes a defragmentation at start worthwhile.",
        "space is reclaimed while the server runs",
    ),
    harmless("max-learners", Kind::Int, "1", "Most learners in the cluster.", ONE_MEMBER),
    harmless(
        "downgrade-check-time",
        Kind::Duration,
        "5s",
        "Time between checks for a downgrade.",
        "downgrades to etcd do not exist",
    ),
    harmless(
        "snapshot-catchup-entries",
        Kind::Uint,
        "5000",
        "Entries kept for slow followers.",
        ONE_MEMBER,
    ),
];

pub(super) const UNSAFE_OPTIONS: &[OptionSpec] = &[
    refused(
        "force-new-cluster",
        Kind::Bool,
        "false",
        "Make a cluster of one out of this member's data.",
        "a cluster of one is all there is. Leave it out",
    ),
    refused(
        "unsafe-no-fsync",
        Kind::Bool,
        "false",
        "Acknowledge writes that are not on disk.",
        "Braid acknowledges nothing that could be lost. Leave it out",
    ),
];
