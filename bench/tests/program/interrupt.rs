//! Ctrl-C before a comparison has anything to measure.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::json;

/// How long anything here may take: longer than it does on the busiest machine, and less than the
/// tool itself waits for a server.
const PATIENCE: Duration = Duration::from_secs(50);

/// A program that does nothing for a long time, and says where to find it.
fn sleeper(folder: &Path) -> String {
    let path = folder.join("sleeper");
    let script =
        format!("#!/bin/sh\necho $$ >'{}'\nexec sleep 600\n", folder.join("pid").display());
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// Waits until `look` finds something.
#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The number of the sleeping process, once it runs.
fn sleeping(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("pid")).ok()?.trim().parse().ok()
}

/// A comparison of two servers that never become healthy.
fn comparison(folder: &Path, echo: &str) -> Child {
    let (sleeper, path) = (sleeper(folder), |name: &str| folder.join(name).display().to_string());
    Command::new(env!("CARGO_BIN_EXE_braid-bench"))
        .args(["compare", "get", "--server-cpus=0", "--load-cpus=0"])
        .arg(format!("--against=braid:{sleeper}"))
        .arg(format!("--braid={sleeper}"))
        .arg(format!("--echo={echo}"))
        .arg(format!("--folder={}", path("data")))
        .arg(format!("--json={}", path("report.json")))
        .arg(format!("--html={}", path("report.html")))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("said")).unwrap())
        .spawn()
        .unwrap()
}

/// Interrupts the comparison once the sleeper runs: it ends soon, says why, marks its reports, and
/// leaves nothing behind.
#[track_caller]
fn is_interrupted(folder: &TempDir, mut comparison: Child) {
    let folder = folder.path();
    let sleeper = wait_for("a server", || sleeping(folder));
    Command::new("kill").args(["-INT", &comparison.id().to_string()]).status().unwrap();
    let status = wait_for("the end", || comparison.try_wait().unwrap());
    let said = fs::read_to_string(folder.join("said")).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(json(&folder.join("report.json"))["unfinished"], "interrupted");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("UNFINISHED: interrupted"));
    assert_eq!(fs::read_dir(folder.join("data")).unwrap().count(), 0, "data was left behind");
    assert!(!Path::new(&format!("/proc/{sleeper}")).exists(), "a server was left behind");
}

#[test]
fn while_a_server_starts() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let comparison = comparison(folder.path(), "/nowhere");
    is_interrupted(&folder, comparison);
}

#[test]
fn while_the_machine_is_measured() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let echo = folder.path().join("sleeper").display().to_string();
    let comparison = comparison(folder.path(), &echo);
    is_interrupted(&folder, comparison);
}
