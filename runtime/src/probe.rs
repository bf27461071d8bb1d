//! Whether the kernel lets this process use io_uring, asked before any executor needs it, so that
//! the answer names what to allow.

use std::{fs, io};

use io_uring::{IoUring, Probe, opcode};

/// What the executors and files submit. All of it is in Linux 5.6 and later.
const OPERATIONS: [(&str, u8); 15] = [
    ("READ", opcode::Read::CODE),
    ("WRITE", opcode::Write::CODE),
    ("READ_FIXED", opcode::ReadFixed::CODE),
    ("WRITE_FIXED", opcode::WriteFixed::CODE),
    ("FSYNC", opcode::Fsync::CODE),
    ("FALLOCATE", opcode::Fallocate::CODE),
    ("OPENAT", opcode::OpenAt::CODE),
    ("CLOSE", opcode::Close::CODE),
    ("STATX", opcode::Statx::CODE),
    ("POLL_ADD", opcode::PollAdd::CODE),
    ("ACCEPT", opcode::Accept::CODE),
    ("SEND", opcode::Send::CODE),
    ("RECV", opcode::Recv::CODE),
    ("TIMEOUT", opcode::Timeout::CODE),
    ("ASYNC_CANCEL", opcode::AsyncCancel::CODE),
];

const SYSCTL: &str = "/proc/sys/kernel/io_uring_disabled";

/// Why io_uring cannot be used. The messages say what to change.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The kernel was built without it, or is older than 5.1, or a filter says so.
    #[error(
        "the kernel does not implement io_uring (ENOSYS): Linux 5.11 or newer is needed; in a \
         container a seccomp profile may hide the system calls io_uring_setup, io_uring_enter and \
         io_uring_register, use deploy/seccomp.json, which allows them"
    )]
    NotImplemented,
    /// The administrator switched it off.
    #[error(
        "io_uring is switched off by the sysctl kernel.io_uring_disabled={0}: set it to 0 \
         (sysctl -w kernel.io_uring_disabled=0)"
    )]
    SwitchedOff(u8),
    /// A filter of the container runtime or the service manager forbids it.
    #[error(
        "io_uring is forbidden (EPERM), most likely by a seccomp profile: allow the system calls \
         io_uring_setup, io_uring_enter and io_uring_register, or run the container with \
         --security-opt seccomp=deploy/seccomp.json"
    )]
    Forbidden,
    /// The kernel is too old, or restricts what may be submitted.
    #[error("the kernel's io_uring lacks {0:?}: Linux 5.11 or newer is needed")]
    MissingOperations(Vec<&'static str>),
    /// Anything else, such as no memory or no descriptor left.
    #[error("io_uring cannot be set up: {0}")]
    Failed(io::Error),
}

/// Sets up a small ring and asks what it can do.
///
/// # Errors
/// What keeps the server from running here.
pub fn check() -> Result<(), Unavailable> {
    let ring = IoUring::new(8).map_err(explain)?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(explain)?;
    // A filter may let a ring be made and still forbid its use.
    ring.submit().map_err(explain)?;
    missing(|code| probe.is_supported(code))
}

fn missing(supported: impl Fn(u8) -> bool) -> Result<(), Unavailable> {
    let lacking = OPERATIONS.iter().filter(|(_, code)| !supported(*code));
    let names: Vec<_> = lacking.map(|(name, _)| *name).collect();
    if names.is_empty() { Ok(()) } else { Err(Unavailable::MissingOperations(names)) }
}

fn explain(error: io::Error) -> Unavailable {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => Unavailable::NotImplemented,
        Some(libc::EPERM | libc::EACCES) => forbidden(fs::read_to_string(SYSCTL).ok().as_deref()),
        _ => Unavailable::Failed(error),
    }
}

/// EPERM comes from the sysctl if that is set (1: all but administrators, 2: everybody), else
/// from a filter.
fn forbidden(sysctl: Option<&str>) -> Unavailable {
    match sysctl.and_then(|text| text.trim().parse().ok()) {
        None | Some(0) => Unavailable::Forbidden,
        Some(level) => Unavailable::SwitchedOff(level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Runs `check` on a thread whose seccomp filter answers the system call `number` with `errno`.
    fn check_filtered(number: i64, errno: i32) -> Result<(), Unavailable> {
        thread::spawn(move || {
            install_filter(u32::try_from(number).unwrap(), errno.unsigned_abs());
            check()
        })
        .join()
        .unwrap()
    }

    /// Filters the calling thread only, and for ever.
    fn install_filter(number: u32, errno: u32) {
        let step = |code: u32, jt, k| libc::sock_filter { code: code as u16, jt, jf: 0, k };
        let mut program = [
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
            libc::sock_filter {
                jf: 1,
                ..step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, number)
            },
            step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | errno),
            step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = libc::sock_fprog { len: 4, filter: program.as_mut_ptr() };
        // SAFETY: the program lives until the kernel has copied it, and it affects one thread.
        let result = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter)
        };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
    }

    #[test]
    fn this_machine_can() {
        check().unwrap();
    }

    #[test]
    fn a_filter_is_named_with_what_to_allow() {
        for call in
            [libc::SYS_io_uring_setup, libc::SYS_io_uring_register, libc::SYS_io_uring_enter]
        {
            let error = check_filtered(call, libc::EPERM).unwrap_err();
            assert!(matches!(error, Unavailable::Forbidden), "{error:?}");
            let message = error.to_string();
            for word in ["io_uring_setup", "io_uring_enter", "io_uring_register"] {
                assert!(message.contains(word), "{message}");
            }
            assert!(message.contains("deploy/seccomp.json"), "{message}");
        }
    }

    #[test]
    fn a_kernel_without_io_uring_is_named() {
        let error = check_filtered(libc::SYS_io_uring_setup, libc::ENOSYS).unwrap_err();
        assert!(matches!(error, Unavailable::NotImplemented), "{error:?}");
    }

    #[test]
    fn the_sysctl_is_named() {
        assert!(matches!(forbidden(Some("2\n")), Unavailable::SwitchedOff(2)));
        assert!(matches!(forbidden(Some("0\n")), Unavailable::Forbidden));
        assert!(matches!(forbidden(None), Unavailable::Forbidden));
    }

    #[test]
    fn missing_operations_are_named() {
        let error = missing(|code| code != opcode::Fallocate::CODE).unwrap_err();
        assert!(error.to_string().contains("FALLOCATE"), "{error}");
    }
}
