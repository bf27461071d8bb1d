//! A profile on the machine at hand: what does not fit is told, and a safe value taken instead.

use std::time::Duration;

use braid_runtime::executors::{Options, RINGS};

use crate::host::Host;
use crate::profile::Profile;
use crate::tuned::Tuned;

/// What the server runs with by `profile` on `host`, and a sentence about each point where they do
/// not go together. `cores` is a number that somebody insists on, and that the affinity mask allows.
#[must_use]
pub fn fit(profile: &Profile, host: &Host, cores: Option<u16>) -> (Tuned, Vec<String>) {
    let mut fitting = Fitting { host, safe: Tuned::for_host(host), misfits: Vec::new() };
    let mut tuned = fitting.simple(profile);
    (tuned.cores, tuned.leave_cpus) = match cores {
        Some(cores) => (cores, fitting.left_by(profile, cores)),
        None => fitting.cpus(profile),
    };
    tuned.spin = fitting.spin(profile);
    tuned.memory_bytes = fitting.memory(profile);
    tuned.in_flight_bytes = fitting.in_flight(profile);
    tuned.io_memory_bytes = fitting.io_memory(profile, tuned.cores);
    (tuned, fitting.misfits)
}

struct Fitting<'a> {
    host: &'a Host,
    safe: Tuned,
    misfits: Vec<String>,
}

impl Fitting<'_> {
    /// What fits every machine.
    fn simple(&self, profile: &Profile) -> Tuned {
        let safe = self.safe;
        let u32_or = |number: Option<u64>, other: u32| {
            number.and_then(|number| u32::try_from(number).ok()).unwrap_or(other)
        };
        let depth = profile.ring_depth.and_then(|depth| usize::try_from(depth.get()).ok());
        Tuned {
            placement: profile.placement.unwrap_or(safe.placement),
            sync: profile.sync.unwrap_or(safe.sync),
            segment_bytes: u32_or(profile.segment_bytes.map(|it| it.get()), safe.segment_bytes),
            batch_bytes: u32_or(profile.batch_bytes.map(|it| it.get()), safe.batch_bytes),
            reads_in_flight: u32_or(
                profile.reads_in_flight.map(|it| it.get()),
                safe.reads_in_flight,
            ),
            ring_depth: depth.unwrap_or(safe.ring_depth),
            ..safe
        }
    }

    /// Cores, and the CPUs that are left to others.
    fn cpus(&mut self, profile: &Profile) -> (u16, u16) {
        let (usable, allowed) = (u64::from(self.safe.cores), self.host.cpus_allowed.max(1));
        let asked = profile.leave_cpus.map_or(0, |leave| leave.get());
        let leave = asked.min(allowed - 1);
        if leave < asked {
            self.misfit(format!(
                "leave-cpus = {asked} leaves none of the {allowed} CPUs that this process may use; {leave} are left"
            ));
        }
        let room = usable.min(allowed - leave);
        let cores = profile.cores.map_or(room, |cores| cores.get());
        if cores > room {
            let quota = self.host.cpu_quota.map(|quota| format!("a quota of {quota}, "));
            self.misfit(format!(
                "cores = {cores} is more than fits here ({allowed} CPUs to run on, {}leave-cpus = {leave}); cores = {room} is used",
                quota.unwrap_or_default()
            ));
        }
        // All of these numbers are at most 256.
        let narrow = |number: u64| u16::try_from(number).unwrap_or(1);
        (narrow(cores.min(room)), narrow(leave))
    }

    /// CPUs that are left to others when so many `cores` are insisted on.
    fn left_by(&self, profile: &Profile, cores: u16) -> u16 {
        let free = self.host.cpus_allowed.saturating_sub(cores.into());
        let leave = profile.leave_cpus.map_or(0, |leave| leave.get()).min(free);
        u16::try_from(leave).unwrap_or(0)
    }

    fn spin(&mut self, profile: &Profile) -> Duration {
        let Some(spin_us) = profile.spin_us.map(|spin| spin.get()) else { return self.safe.spin };
        if spin_us > 0 && self.host.cpu_quota.is_some() {
            self.misfit(format!(
                "spin-us = {spin_us} would use up the container's CPU quota without work; cores park at once"
            ));
            return Duration::ZERO;
        }
        Duration::from_micros(spin_us)
    }

    fn memory(&mut self, profile: &Profile) -> u64 {
        let asked = profile.memory_bytes.map(|bytes| bytes.get());
        // Keys and their index need a place beside the values.
        let most = self.host.memory_bytes / 4 * 3;
        self.within("memory-bytes", asked, most, self.safe.memory_bytes)
    }

    fn in_flight(&mut self, profile: &Profile) -> u64 {
        let asked = profile.in_flight_bytes.map(|bytes| bytes.get());
        let most = self.host.memory_bytes / 4;
        self.within("in-flight-bytes", asked, most, self.safe.in_flight_bytes)
    }

    /// `asked` unless it is more than `most` of the machine's memory.
    fn within(&mut self, key: &str, asked: Option<u64>, most: u64, safe: u64) -> u64 {
        let bytes = asked.unwrap_or(safe);
        if asked.is_some() && bytes > most.max(safe) {
            self.misfit(format!(
                "{key} = {bytes} is too much for the {} bytes of memory that there are; {safe} is used",
                self.host.memory_bytes
            ));
            return safe;
        }
        bytes
    }

    fn io_memory(&mut self, profile: &Profile, cores: u16) -> usize {
        let safe = Options::for_cores(cores.into()).io_memory;
        let Some(bytes) = profile.io_memory_bytes.map(|bytes| bytes.get()) else { return safe };
        let locked = bytes * RINGS * u64::from(cores);
        match self.host.memlock_bytes {
            Some(limit) if locked > limit => {
                self.misfit(format!(
                    "io-memory-bytes = {bytes} would lock {locked} bytes, but the limit on locked memory is {limit} (ulimit -l, LimitMEMLOCK=); {safe} is used"
                ));
                safe
            }
            _ => usize::try_from(bytes).unwrap_or(safe),
        }
    }

    fn misfit(&mut self, sentence: String) {
        self.misfits.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::BUILT_IN;

    const MACHINE: Host = Host {
        cpus_allowed: 4,
        cpu_quota: None,
        memory_bytes: 8 << 30,
        memlock_bytes: Some(8 << 20),
    };

    fn fitted(keys: &str, host: &Host) -> (Tuned, Vec<String>) {
        fit(&Profile::parse(&format!("version = 1\n{keys}")).unwrap(), host, None)
    }

    /// The one sentence about `keys`.
    fn misfit(keys: &str, host: &Host) -> (Tuned, String) {
        let (tuned, misfits) = fitted(keys, host);
        assert_eq!(misfits.len(), 1, "{keys}: {misfits:?}");
        (tuned, misfits.concat())
    }

    #[test]
    fn an_empty_profile_changes_nothing() {
        assert_eq!(fitted("", &MACHINE), (Tuned::for_host(&MACHINE), vec![]));
    }

    #[test]
    fn what_fits_is_taken() {
        let keys = "cores = 3\nleave-cpus = 1\nspin-us = 7\nsync = \"dsync\"\nbatch-bytes = 65536\n\
            segment-bytes = 4194304\nreads-in-flight = 5\nmemory-bytes = 1073741824\n\
            in-flight-bytes = 67108864\nio-memory-bytes = 65536\nring-depth = 64";
        let (tuned, misfits) = fitted(keys, &MACHINE);
        assert_eq!(misfits, Vec::<String>::new());
        assert_eq!((tuned.cores, tuned.leave_cpus), (3, 1));
        assert_eq!(tuned.spin, Duration::from_micros(7));
        assert_eq!((tuned.segment_bytes, tuned.batch_bytes), (4 << 20, 64 << 10));
        assert_eq!((tuned.memory_bytes, tuned.in_flight_bytes), (1 << 30, 64 << 20));
        let rings = (tuned.io_memory_bytes, tuned.ring_depth, tuned.reads_in_flight);
        assert_eq!(rings, (64 << 10, 64, 5));
    }

    #[test]
    fn more_cpus_than_there_are() {
        let (tuned, text) = misfit("cores = 8", &MACHINE);
        assert_eq!(tuned.cores, 4);
        assert!(text.starts_with("cores = 8 is more than fits here (4 CPUs to run on"), "{text}");
        assert_eq!(misfit("cores = 4\nleave-cpus = 1", &MACHINE).0.cores, 3);
        let (tuned, text) = misfit("leave-cpus = 4", &MACHINE);
        assert_eq!((tuned.cores, tuned.leave_cpus), (1, 3));
        assert!(text.starts_with("leave-cpus = 4"), "{text}");
    }

    #[test]
    fn a_quota_counts() {
        let container = Host { cpu_quota: Some(2), ..MACHINE };
        assert_eq!(misfit("cores = 3", &container).0.cores, 2);
        assert_eq!(fitted("leave-cpus = 1", &container).0.cores, 2);
        let (tuned, text) = misfit("spin-us = 50", &container);
        assert!(tuned.spin.is_zero() && text.starts_with("spin-us = 50"), "{text}");
    }

    #[test]
    fn more_memory_than_there_is() {
        let safe = Tuned::for_host(&MACHINE);
        let (tuned, text) = misfit("memory-bytes = 8589934592", &MACHINE);
        assert_eq!(tuned.memory_bytes, safe.memory_bytes);
        assert!(text.starts_with("memory-bytes = 8589934592"), "{text}");
        let (tuned, _) = misfit("in-flight-bytes = 4294967296", &MACHINE);
        assert_eq!(tuned.in_flight_bytes, safe.in_flight_bytes);
        let (tuned, text) = misfit("io-memory-bytes = 4194304", &MACHINE);
        assert!(tuned.io_memory_bytes < 4 << 20 && text.contains("LimitMEMLOCK"), "{text}");
        let unlimited = Host { memlock_bytes: None, ..MACHINE };
        assert_eq!(fitted("io-memory-bytes = 4194304", &unlimited).0.io_memory_bytes, 4 << 20);
    }

    #[test]
    fn what_is_built_in_fits_the_machines_that_it_assumes() {
        const GIB: u64 = 1 << 30;
        let machine = |cpus_allowed, memory_bytes, memlock_bytes| Host {
            cpus_allowed,
            memory_bytes,
            memlock_bytes,
            cpu_quota: None,
        };
        let container = Host { cpu_quota: Some(1), ..machine(8, GIB / 2, Some(8 << 20)) };
        for (name, host) in [
            ("laptop", machine(4, 8 * GIB, Some(8 << 20))),
            ("cloud-network-disk", machine(2, 4 * GIB, Some(8 << 20))),
            ("cloud-nvme", machine(8, 32 * GIB, None)),
            ("bare-metal-nvme", machine(16, 64 * GIB, None)),
            ("container", container),
        ] {
            let (_, misfits) = fit(&Profile::load(name).unwrap(), &host, None);
            assert_eq!(misfits, Vec::<String>::new(), "{name}");
        }
        assert_eq!(BUILT_IN.len(), 5, "each is named above");
    }
}
