//! The binary's command line: exit codes, and what goes where.

use std::process::{Command, Output};

fn braid(arguments: &[&str]) -> Output {
    // Whatever the caller's environment says must not reach the server.
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command.args(arguments).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_goes_to_standard_output() {
    let output = braid(&["--version"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("\netcd Version: 3.7.1\n"));
    assert!(output.stderr.is_empty());
}

#[test]
fn help_names_the_flags_to_start_with() {
    let output = braid(&["--help"]);
    assert!(output.status.success());
    for flag in ["--data-dir", "--listen-client-urls", "--cores", "--config-file", "--version"] {
        assert!(text(&output.stdout).contains(flag), "{flag}");
    }
}

#[test]
fn a_wrong_command_line_is_plain_text_and_2() {
    let output = braid(&["--bogus"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("flag provided but not defined: -bogus\n"));
}

#[test]
fn a_refused_option_is_a_fatal_log_line_and_1() {
    let output = braid(&["--cert-file=/a"]);
    assert_eq!(output.status.code(), Some(1));
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["level"], "fatal");
    assert!(line["msg"].as_str().unwrap().starts_with("--cert-file=\"/a\" cannot be honoured"));
}

#[test]
fn a_log_file_that_cannot_be_opened_is_named() {
    let output = braid(&["--log-outputs=/nowhere/log"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/log"));
}
