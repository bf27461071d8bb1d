//! What the machine is like, read from `/proc` and `/sys`. What is not to be found there is unknown,
//! and never an error: containers hide files, and kernels come without them.

mod caches;
mod device;
mod files;
mod kernel;
mod limits;
mod processors;
mod virtualisation;

use std::path::Path;

pub use caches::Cache;
pub use device::{BlockDevice, DeviceId};
pub use kernel::{Choices, Kernel};
pub use limits::Limits;
pub use processors::Processors;
pub use virtualisation::Virtualisation;

use braid_runtime::features::{self, Feature};

/// What the machine is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its processors.
    pub processors: Processors,
    /// The first processor's caches, the nearest first.
    pub caches: Vec<Cache>,
    /// What it runs under.
    pub virtualisation: Virtualisation,
    /// Settings of the kernel that matter for latency.
    pub kernel: Kernel,
    /// Limits of this process, and of the network.
    pub limits: Limits,
    /// What io_uring offers.
    pub io_uring: Vec<Feature>,
    /// The disk under the data directory.
    pub device: Option<BlockDevice>,
}

impl Machine {
    /// Reads it below `root`, which is `/` outside of tests; `device` is what the data directory
    /// lies on.
    #[must_use]
    pub fn read(root: &Path, device: Option<DeviceId>) -> Self {
        Self {
            processors: Processors::read(root),
            caches: caches::read(root),
            virtualisation: Virtualisation::read(root),
            kernel: Kernel::read(root),
            limits: Limits::read(root),
            io_uring: features::list(),
            device: device.and_then(|id| BlockDevice::read(root, id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nothing_is_an_error() {
        let empty = tempfile::tempdir().unwrap();
        let machine = Machine::read(empty.path(), Some(DeviceId { major: 254, minor: 0 }));
        let io_uring = machine.io_uring.clone();
        assert_eq!(machine, Machine { io_uring, ..Machine::default() });
    }

    #[test]
    fn this_machine_is_read_quickly() {
        let clock = braid_runtime::clock::Clock::start();
        let machine = Machine::read(Path::new("/"), None);
        assert!(!machine.processors.online.is_empty());
        assert!(clock.now() < Duration::from_secs(10), "it only reads small files");
    }
}
