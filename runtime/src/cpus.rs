//! Which processors this process may use, and how much of them it did. What a container's quota leaves
//! of them is for whoever chooses the cores.

use std::time::Duration;
use std::{io, mem};

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
        assert!(!allowed().unwrap().is_empty());
    }

    #[test]
    fn work_takes_processor_time() {
        let before = processor_time().unwrap();
        while processor_time().unwrap() == before {
            std::hint::spin_loop();
        }
    }
}
