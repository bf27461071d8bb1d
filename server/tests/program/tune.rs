//! `braid tune` as a process: what it says, what it leaves, and how it fails.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::{BRAID, Server};
use braid_tuning::profile::Profile;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn tune(arguments: &[&str]) -> Output {
    Command::new(BRAID).arg("tune").args(arguments).output().unwrap()
}

/// Runs with `arguments`, which must fail with `code` and these words.
#[track_caller]
fn fails(arguments: &[&str], code: i32, words: &str) {
    let output = tune(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(words), "{arguments:?}: {text}");
}

#[test]
fn a_profile_is_written_that_the_server_takes() {
    let (data, other) = (folder(), folder());
    let path = other.path().join("own.toml");
    let flags = [
        &*format!("--data-dir={}", data.path().display()),
        &format!("--output={}", path.display()),
        "--time=2",
    ];
    let output = tune(&flags);
    let (out, progress) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{progress}");
    for part in ["Machine\n", "Durable writes", "Chosen\n", "On this host", "--profile="] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    // A slow disk has no time for more than this.
    assert!(progress.contains("  filling files"), "{progress}");
    assert!(is_empty(data.path()));
    Profile::load(path.to_str().unwrap()).unwrap();
    let server = Server::start(&[&format!("--profile={}", path.display())]);
    assert!(!server.log().contains("own.toml:"), "it fits: {}", server.log());
    let (code, report) = server.run("put", &["--clients=2", "--duration=0.1", "--warm-up=0"]);
    assert_eq!(code, 0, "{report:#}");
    fails(&flags, 1, "own.toml: is there already");
}

#[test]
fn nothing_is_left_when_it_is_interrupted() {
    for signal in ["-INT", "-TERM", "-KILL"] {
        let data = folder();
        let mut child = Command::new(BRAID)
            .args(["tune", "--data-dir", data.path().to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // The files are there and being written to, for seconds.
        assert!(lines.any(|line| line.unwrap().contains("filling files")));
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(is_empty(data.path()), "{signal}");
    }
}

#[test]
fn bad_input_is_told_and_changes_nothing() {
    let data = folder();
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    fails(&["--data-dir=/nowhere/at/all"], 1, "/nowhere/at/all: is no directory");
    fails(&["--data-dir", file.to_str().unwrap()], 1, "file: is no directory");
    fails(&["--data-dir=/proc"], 1, "/proc");
    fails(&["--output=/nowhere/at/all"], 1, "/nowhere/at/all: cannot be written");
    fails(&["--bogus"], 2, "flag provided but not defined: --bogus");
    fails(&["--undo", "--data-dir", data.path().to_str().unwrap()], 1, "nothing is to be undone");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
}

#[test]
fn a_limit_that_is_too_low_is_told() {
    let script =
        format!("ulimit -n 4; exec {BRAID} tune --data-dir={}", env!("CARGO_TARGET_TMPDIR"));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("Too many open files") && text.contains("ulimit -n"), "{text}");
}
