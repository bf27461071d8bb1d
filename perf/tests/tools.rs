//! What is said where the system's tools are missing or forbidden. No server is needed for that.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs `braid-perf` where `tools` has all programs there are; it must fail and say `message`.
#[track_caller]
fn fails(tools: &Path, arguments: &[&str], message: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid-perf"));
    let output = command.args(arguments).env("PATH", tools).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(message), "{said}");
}

/// A program that only says something and fails.
fn failing(tools: &Path, name: &str, says: &str) {
    let path = tools.join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{says}' >&2\nexit 255\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_missing_perf_is_named_with_what_works_without_it() {
    let tools = tempfile::tempdir().unwrap();
    for arguments in [&["flame", "put"][..], &["diff", "put", "--before=/bin/true"]] {
        fails(tools.path(), arguments, "'perf' is missing: install it");
    }
    fails(tools.path(), &["flame", "put"], "`braid-perf stages` works without it");
}

#[test]
fn a_perf_that_may_not_record_is_quoted() {
    let tools = tempfile::tempdir().unwrap();
    failing(tools.path(), "perf", "Access to performance monitoring is limited.");
    fails(tools.path(), &["flame", "put"], "Access to performance monitoring is limited.");
    fails(tools.path(), &["flame", "put"], "sysctl kernel.perf_event_paranoid=1");
}

#[test]
fn a_missing_valgrind_is_named() {
    let tools = tempfile::tempdir().unwrap();
    let limits = format!("--limits={}/limits.txt", env!("CARGO_MANIFEST_DIR"));
    fails(tools.path(), &["instructions", &limits], "'valgrind' is missing");
    fails(tools.path(), &["instructions", "--limits=/nowhere"], "/nowhere");
}
