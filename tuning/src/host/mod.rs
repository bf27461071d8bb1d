//! What the machine and the container give this process.

mod cgroup;

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use cgroup::Cgroup;

/// What the machine and the container give this process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Host {
    /// CPUs that the affinity mask allows.
    pub cpus_allowed: u64,
    /// CPUs' worth of time that the container may use, rounded up; none without a quota.
    pub cpu_quota: Option<u64>,
    /// Memory of the machine or, when that is less, of the container, in bytes.
    pub memory_bytes: u64,
    /// Memory that this process may lock, in bytes; none without a limit.
    pub memlock_bytes: Option<u64>,
}

impl Host {
    /// Asks the system. What cannot be found out counts as one CPU, no quota, 1 GiB.
    #[must_use]
    pub fn read() -> Self {
        let cgroup = Cgroup::of_this_process(Path::new("/"));
        let machine = machine_memory();
        Self {
            cpus_allowed: cpus_allowed(),
            cpu_quota: cgroup.cpu_quota(),
            memory_bytes: cgroup.memory_limit().map_or(machine, |limit| limit.min(machine)),
            memlock_bytes: getrlimit(Resource::Memlock).current,
        }
    }

    /// CPUs that can be kept busy: one more core than the quota allows would only be throttled.
    #[must_use]
    pub fn cores(&self) -> u64 {
        self.cpu_quota.map_or(self.cpus_allowed, |quota| quota.min(self.cpus_allowed)).max(1)
    }
}

fn cpus_allowed() -> u64 {
    rustix::thread::sched_getaffinity(None).map_or(1, |set| u64::from(set.count()))
}

fn machine_memory() -> u64 {
    let info = rustix::system::sysinfo();
    // The fields' types differ between platforms.
    let bytes = u128::from(info.totalram) * u128::from(info.mem_unit);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn this_machine_has_something() {
        let host = Host::read();
        assert!(host.cpus_allowed >= 1 && host.cores() >= 1);
        assert!(host.memory_bytes > 1 << 20);
    }

    #[test]
    fn the_smaller_of_affinity_and_quota_counts() {
        let host = |cpus_allowed, cpu_quota| {
            Host { cpus_allowed, cpu_quota, memory_bytes: 0, memlock_bytes: None }.cores()
        };
        assert_eq!(host(8, None), 8);
        assert_eq!(host(8, Some(2)), 2);
        assert_eq!(host(2, Some(4)), 2);
        assert_eq!(host(0, None), 1);
    }
}
