//! All that is known when values are chosen.

use std::path::PathBuf;

use braid_runtime::files::Access;

use crate::disk::Report;
use crate::host::Host;
use crate::machine::Machine;

/// All that is known when values are chosen.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What this process is given.
    pub host: Host,
    /// What the machine is like.
    pub machine: Machine,
    /// The directory that was measured.
    pub directory: PathBuf,
    /// Its file system's name.
    pub filesystem: &'static str,
    /// How files can be written there.
    pub access: Access,
    /// Bytes that are free there.
    pub free_bytes: u64,
    /// What was measured.
    pub disk: Report,
}

/// A machine like many, for tests: 4 CPUs, 8 GiB, a disk with a cache that is fast enough.
#[cfg(test)]
pub(super) fn example() -> Facts {
    use crate::disk::{Step, times_ms};
    use crate::profile::Sync;
    let (fdatasync, dsync) = (Step::alone(Sync::Fdatasync), Step::alone(Sync::Dsync));
    Facts {
        host: Host {
            cpus_allowed: 4,
            cpu_quota: None,
            memory_bytes: 8 << 30,
            memlock_bytes: Some(8 << 20),
        },
        machine: Machine::default(),
        directory: PathBuf::from("/data"),
        filesystem: "ext4",
        access: Access::Direct,
        free_bytes: 100 << 30,
        disk: Report {
            durable: vec![
                (fdatasync, times_ms(&[2; 100])),
                (dsync, times_ms(&[2; 100])),
                (fdatasync.busy(), times_ms(&[2; 100])),
                (dsync.busy(), times_ms(&[9; 100])),
            ],
            sequential_writes: times_ms(&[2; 100]),
            random_reads: times_ms(&[1; 100]),
            ..Report::default()
        },
    }
}
