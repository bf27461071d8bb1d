//! SIGTERM and SIGINT end a server by its own decision. Without the usual test harness, which
//! would start threads before the signals are kept from them.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use braid_runtime::executors::{Options, start};
use braid_runtime::signals::{Termination, prepare};

const ROLE: &str = "BRAID_TEST_TERMINATION_ROLE";

/// The child's part: says when it listens to signals, then which one came.
fn wait_for_a_signal() {
    prepare().expect("signals");
    let executors = start(&Options::for_cores(1), vec![()], |_, ()| async {
        let termination = Termination::new().expect("a descriptor");
        println!("ready");
        let name = termination.wait().await.expect("a signal");
        println!("got {name}");
    });
    executors.expect("an executor").join();
}

fn child() -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .env(ROLE, "child")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, output)
}

fn line_with(output: &mut impl BufRead, word: &str) -> String {
    let mut lines = output.lines().map_while(Result::ok);
    lines.find(|line| line.contains(word)).expect("the child says it")
}

/// The name that a child gives to `signal`.
fn told(signal: libc::c_int) -> String {
    let (mut child, mut output) = child();
    line_with(&mut output, "ready");
    let id = i32::try_from(child.id()).expect("a process id");
    // SAFETY: it is our child, and not yet waited for.
    assert_eq!(unsafe { libc::kill(id, signal) }, 0);
    let line = line_with(&mut output, "got");
    assert!(child.wait().expect("an exit code").success());
    line
}

fn main() {
    if std::env::var(ROLE).is_ok() {
        return wait_for_a_signal();
    }
    assert_eq!(told(libc::SIGTERM), "got SIGTERM");
    assert_eq!(told(libc::SIGINT), "got SIGINT");
    println!("test signals_are_told_by_name ... ok");
}
