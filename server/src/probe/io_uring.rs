//! io_uring: whether this process may use it, and what to do when it may not.

use std::io;

use braid_runtime::probe::{self, Unavailable};
use rustix::io::Errno;

/// Asks the kernel.
///
/// # Errors
/// What is in the way and what to change, as text for the log.
pub fn check() -> Result<(), String> {
    probe::check().map_err(|unavailable| explain(&unavailable))
}

fn explain(unavailable: &Unavailable) -> String {
    format!("{unavailable}; {}", remedy(unavailable))
}

/// What the reason's own text leaves open.
fn remedy(unavailable: &Unavailable) -> &'static str {
    const PAGE: &str = "docs/operations/containers.md shows how";
    match unavailable {
        Unavailable::Failed(error) => failure_remedy(error).unwrap_or(PAGE),
        _ => PAGE,
    }
}

fn failure_remedy(error: &io::Error) -> Option<&'static str> {
    match Errno::from_io_error(error)? {
        Errno::NOMEM => Some(
            "the limit on locked memory is too low for its rings: raise it (ulimit -l, LimitMEMLOCK= of systemd, --ulimit memlock=-1 of docker), or run fewer --cores",
        ),
        Errno::MFILE | Errno::NFILE => {
            Some("too many files are open: raise the limit (ulimit -n, LimitNOFILE= of systemd)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(errno: Errno) -> Unavailable {
        Unavailable::Failed(io::Error::from_raw_os_error(errno.raw_os_error()))
    }

    #[test]
    fn each_reason_has_its_remedy() {
        let cases = [
            (Unavailable::Forbidden, "deploy/seccomp.json"),
            (Unavailable::Forbidden, "docs/operations/containers.md"),
            (Unavailable::NotImplemented, "Linux 5.11"),
            (Unavailable::SwitchedOff(2), "sysctl"),
            (failed(Errno::NOMEM), "LimitMEMLOCK"),
            (failed(Errno::MFILE), "LimitNOFILE"),
            (failed(Errno::INVAL), "docs/operations/containers.md"),
        ];
        for (unavailable, remedy) in cases {
            let text = explain(&unavailable);
            assert!(text.contains(remedy), "{text}");
        }
    }
}
