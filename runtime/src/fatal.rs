//! The end of the process where going on would break a promise.

use std::fmt::Display;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::thread;

/// Why the process ends; the number is its exit code (from `sysexits.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Our own mistake: an assertion failed or something panicked.
    Bug = 70,
    /// The operating system refuses what the server cannot do without.
    System = 71,
    /// The disk failed to keep what it was given. Nothing written since the last completed sync
    /// can be trusted, not even by trying again, so the log must be read anew.
    Disk = 74,
}

/// Says why and ends the process at once, without running destructors: they could write.
pub fn fatal(exit: Exit, reason: impl Display) -> ! {
    if tracing::dispatcher::has_been_set() {
        tracing::error!(exit_code = exit as i32, "fatal: {reason}");
    } else {
        // Nobody is left to tell when standard error is closed as well.
        let _ = writeln!(std::io::stderr(), "fatal: {reason}");
    }
    // SAFETY: `_exit` has no preconditions and does not return.
    unsafe { libc::_exit(exit as i32) }
}

/// From now on a panic on any thread ends the process with [`Exit::Bug`], after the usual message.
///
/// A core that unwound has left its shards half changed, and the others would wait for it for
/// ever: a restart from the log is the only state known to be right.
pub fn exit_on_panic() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default_hook(panic);
        fatal(Exit::Bug, describe(panic));
    }));
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let place = panic.location().map_or_else(|| "unknown place".into(), ToString::to_string);
    format!("thread {name} panicked at {place}; this is a bug in braid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    const ROLE: &str = "BRAID_TEST_FATAL_ROLE";

    /// Runs this very test in a process of its own, which may then end.
    fn rerun(test: &str, role: &str) -> Output {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("fatal::tests::{test}"), "--nocapture"])
            .env(ROLE, role)
            .output()
            .unwrap()
    }

    #[test]
    fn fatal_ends_with_its_code_and_reason() {
        if std::env::var(ROLE).is_ok() {
            fatal(Exit::Disk, "the disk is gone");
        }
        let output = rerun("fatal_ends_with_its_code_and_reason", "fatal");
        assert_eq!(output.status.code(), Some(74));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("fatal: the disk is gone"), "{stderr}");
    }

    #[test]
    fn panic_on_a_thread_ends_the_process() {
        if std::env::var(ROLE).is_ok() {
            exit_on_panic();
            let core = thread::Builder::new().name("core-7".into()).spawn(|| panic!("boom"));
            let _ = core.unwrap().join();
            unreachable!("the process outlived a panic");
        }
        let output = rerun("panic_on_a_thread_ends_the_process", "panic");
        assert_eq!(output.status.code(), Some(70));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("thread core-7 panicked at"), "{stderr}");
    }
}
