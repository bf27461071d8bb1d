use super::*;

#[test]
fn one_dash_or_two_and_both_ways_to_give_a_value() {
    for arguments in [
        &["--name", "m1"][..],
        &["--name=m1"],
        &["-name", "m1"],
        &["-name=m1"],
        &["--name=m0", "--name=m1"],
        &["--name=m1", "--"],
    ] {
        assert_eq!(config(arguments).member.name, "m1", "{arguments:?}");
    }
}

#[test]
fn a_value_may_look_like_a_flag() {
    assert_eq!(config(&["--name", "--x"]).member.name, "--x");
}

#[test]
fn switches_take_their_value_only_in_their_own_argument() {
    for arguments in [&["--pre-vote"][..], &["--pre-vote=true"], &["-pre-vote=T"]] {
        assert_eq!(warnings(arguments), Vec::<String>::new(), "{arguments:?}");
    }
    assert_eq!(warnings(&["--pre-vote=0"]).len(), 1);
    refused(&["--pre-vote", "false"], 2, "\"false\" is not a valid flag");
}

#[test]
fn texts_of_go() {
    refused(&["--bogus"], 2, "flag provided but not defined: -bogus");
    refused(&["-bogus=1"], 2, "flag provided but not defined: -bogus");
    refused(&["--max-txn-ops"], 2, "flag needs an argument: -max-txn-ops");
    refused(&["--config-file"], 2, "flag needs an argument: -config-file");
    refused(&["---x"], 2, "bad flag syntax: ---x");
    refused(&["--=x"], 2, "bad flag syntax: --=x");
    refused(&["foo"], 2, "\"foo\" is not a valid flag");
    refused(&["--", "foo"], 2, "\"foo\" is not a valid flag");
    refused(&["-"], 2, "\"-\" is not a valid flag");
    refused(&["--max-txn-ops=abc"], 2, "invalid value \"abc\" for flag -max-txn-ops: parse error");
    refused(&["--pre-vote=maybe"], 2, "invalid boolean value \"maybe\" for -pre-vote: parse error");
    refused(&["--version=maybe"], 2, "invalid boolean value \"maybe\" for -version: parse error");
    refused(
        &["--initial-cluster-state=foo"],
        2,
        "invalid value \"foo\" for flag -initial-cluster-state: invalid value",
    );
    refused(
        &["--listen-client-urls=localhost:2379"],
        2,
        "invalid value \"localhost:2379\" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs: localhost:2379",
    );
    refused(
        &["--grpc-keepalive-min-time=5"],
        2,
        "invalid value \"5\" for flag -grpc-keepalive-min-time: parse error",
    );
}

#[test]
fn arguments_that_are_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = OsString::from_vec(vec![b'-', 0xff]);
    let error = load([bytes], &[], &HOST).unwrap_err();
    assert!(error.to_string().contains("not valid UTF-8"), "{error}");
}

#[test]
fn help_and_version() {
    for flag in ["-h", "--help", "-help"] {
        let Ok(Startup::Print(text)) = start(&["--name=x", flag], &[]) else { panic!("{flag}") };
        assert!(text.contains("--listen-client-urls 'http://localhost:2379'"), "{text}");
    }
    let Ok(Startup::Print(text)) = start(&["--version"], &[]) else { panic!() };
    assert!(text.contains("\netcd Version: 3.7.1\n"), "{text}");
    assert!(matches!(start(&["--version=false"], &[]), Ok(Startup::Serve(..))));
}
