//! Which processors this process may use, and how much of them it did.

use std::time::Duration;
use std::{fs, io, mem};

/// The processors of the affinity mask of the calling thread, in ascending order.
///
/// # Errors
/// The kernel's, for example on a machine with more processors than the mask can name.
pub fn allowed() -> io::Result<Vec<usize>> {
    // SAFETY: a `cpu_set_t` is an array of integers, for which zero is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes at most the given size into `set`, which outlives the call.
    let result = unsafe { libc::sched_getaffinity(0, mem::size_of_val(&set), &raw mut set) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let size = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
    // SAFETY: `cpu` stays below the number of bits of `set`.
    Ok((0..size).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// How many cores a server should start: the allowed processors, or fewer where the container's
/// quota would stop them anyway. At least 1.
///
/// # Errors
/// As [`allowed`].
pub fn usable() -> io::Result<usize> {
    let quota = own_cgroup().and_then(|folder| fs::read_to_string(folder + "/cpu.max").ok());
    let limit = quota.and_then(|text| whole_cpus(&text)).unwrap_or(usize::MAX);
    Ok(allowed()?.len().min(limit).max(1))
}

/// The folder of this process's control group (version 2).
fn own_cgroup() -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(format!("/sys/fs/cgroup{}", path.trim_end_matches('/')))
}

/// The processors that a `cpu.max` line (`<quota|max> <period>`) pays for, rounded up: the last
/// one is throttled, an idle one helps nobody.
fn whole_cpus(cpu_max: &str) -> Option<usize> {
    let mut words = cpu_max.split_whitespace();
    let quota: usize = words.next()?.parse().ok()?;
    let period: usize = words.next()?.parse().ok()?;
    (period > 0).then(|| quota.div_ceil(period).max(1))
}

/// Processor time that this process has used, in user mode and in the kernel, including io_uring's
/// worker threads.
///
/// # Errors
/// The kernel's; there is no known way to see one.
pub fn processor_time() -> io::Result<Duration> {
    // SAFETY: an `rusage` is integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes to `usage` only, which outlives the call.
    if unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(duration(usage.ru_utime) + duration(usage.ru_stime))
}

fn duration(time: libc::timeval) -> Duration {
    let micros = Duration::from_micros(time.tv_usec.unsigned_abs());
    Duration::from_secs(time.tv_sec.unsigned_abs()) + micros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_not_empty() {
        let cpus = allowed().unwrap();
        assert!(!cpus.is_empty());
        assert!((1..=cpus.len()).contains(&usable().unwrap()));
    }

    #[test]
    fn work_takes_processor_time() {
        let before = processor_time().unwrap();
        while processor_time().unwrap() == before {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn quotas_round_up() {
        assert_eq!(whole_cpus("max 100000\n"), None);
        assert_eq!(whole_cpus("150000 100000\n"), Some(2));
        assert_eq!(whole_cpus("200000 100000"), Some(2));
        assert_eq!(whole_cpus("1000 100000"), Some(1));
        assert_eq!(whole_cpus("1000 0"), None);
        assert_eq!(whole_cpus(""), None);
    }
}
