//! Options that etcd does not have.

use crate::config::option::{Kind, OptionSpec, used};

pub(super) const OPTIONS: &[OptionSpec] = &[
    used(
        "cores",
        Kind::Uint,
        "0",
        "Executors to run, each pinned to a CPU. 0 takes the CPUs that affinity and the container's quota allow.",
    ),
    used(
        "shards",
        Kind::Uint,
        "16",
        "Slices of the keyspace, 1 to 1024. Fixed when the data directory is created.",
    ),
    used(
        "memory",
        Kind::Size,
        "0",
        "Memory for values; the others are read from the log. Takes units (512MiB). 0 means a quarter of the memory that the machine or container has.",
    ),
    used(
        "profile",
        Kind::Text,
        "",
        "A tuning profile: laptop, cloud-network-disk, cloud-nvme, bare-metal-nvme, container, or the path of one (TOML).",
    ),
];
