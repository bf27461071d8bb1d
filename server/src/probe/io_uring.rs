//! Why io_uring does not work, said so that somebody can do something about it.
//!
//! The probing itself is the runtime's; this explains its error numbers.

use std::fs;
use std::io;
use std::path::Path;

/// The page that explains how to allow io_uring.
const PAGE: &str = "docs/operations/containers.md";

/// The kernel's switch: 0 allowed, 1 for members of a group and the privileged, 2 forbidden.
const SWITCH: &str = "/proc/sys/kernel/io_uring_disabled";

/// Explains the error of `io_uring_setup` (or of a probe of its operations).
#[must_use]
pub fn explain(error: &io::Error) -> String {
    explain_with(error, switch(Path::new(SWITCH)))
}

fn switch(path: &Path) -> u8 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn explain_with(error: &io::Error, switch: u8) -> String {
    let cause = match (error.raw_os_error().map(rustix::io::Errno::from_raw_os_error), switch) {
        (Some(rustix::io::Errno::PERM), 1) => {
            "kernel.io_uring_disabled is 1, so only members of the group in kernel.io_uring_group may use it: set it to 0 with sysctl, or add this user to that group".to_owned()
        }
        (Some(rustix::io::Errno::PERM), 2..) => {
            "kernel.io_uring_disabled is 2, which forbids it to everybody: set it to 0 with sysctl on the host".to_owned()
        }
        (Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS), _) => format!(
            "a seccomp filter or security module forbids it, as container runtimes do by default: run the container with the profile deploy/seccomp.json; {PAGE} shows how for docker, podman and kubernetes"
        ),
        (Some(rustix::io::Errno::NOSYS), _) => format!(
            "the kernel has no io_uring, or the container's seccomp filter hides it: use Linux 5.11 or newer, and in a container the profile deploy/seccomp.json; {PAGE} shows how"
        ),
        (Some(rustix::io::Errno::NOMEM), _) => {
            "the limit on locked memory is too low for its rings: raise it (ulimit -l, LimitMEMLOCK= of systemd, --ulimit memlock=-1 of docker), or run fewer --cores".to_owned()
        }
        (Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE), _) => {
            "too many files are open: raise the limit (ulimit -n, LimitNOFILE= of systemd)".to_owned()
        }
        _ => format!("see {PAGE} for what it needs"),
    };
    format!("io_uring is not available ({error}): {cause}")
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn text(errno: Errno, switch: u8) -> String {
        explain_with(&io::Error::from_raw_os_error(errno.raw_os_error()), switch)
    }

    #[test]
    fn each_cause_has_its_remedy() {
        let cases = [
            (Errno::PERM, 0, "deploy/seccomp.json"),
            (Errno::PERM, 1, "kernel.io_uring_group"),
            (Errno::PERM, 2, "sysctl on the host"),
            (Errno::NOSYS, 0, "Linux 5.11"),
            (Errno::NOMEM, 0, "LimitMEMLOCK"),
            (Errno::MFILE, 0, "LimitNOFILE"),
            (Errno::INVAL, 0, PAGE),
        ];
        for (errno, switch, remedy) in cases {
            let text = text(errno, switch);
            assert!(text.contains(remedy), "{errno}: {text}");
        }
    }

    #[test]
    fn a_missing_switch_forbids_nothing() {
        assert_eq!(switch(Path::new("/nowhere")), 0);
    }
}
