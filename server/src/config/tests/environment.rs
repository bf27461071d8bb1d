use super::*;

#[test]
fn variables_set_options() {
    let (config, notices) = serve(&[], &[("ETCD_NAME", "m1"), ("BRAID_CORES", "3")]);
    assert_eq!((config.member.name.as_str(), config.tuned.cores), ("m1", 3));
    assert!(notices.iter().all(|notice| !notice.warning), "{notices:?}");
}

#[test]
fn empty_variables_count_as_not_set() {
    assert_eq!(serve(&[], &[("ETCD_NAME", "")]).0.member.name, "default");
}

#[test]
fn a_flag_and_its_variable_conflict() {
    for value in ["a", ""] {
        let error = start(&["--name=b"], &[("ETCD_NAME", value)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "conflicting environment variable \"ETCD_NAME\" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)"
        );
        assert_eq!(error.exit_code(), 1);
    }
}

#[test]
fn bad_values_name_the_variable() {
    let error = start(&[], &[("ETCD_MAX_TXN_OPS", "abc")]).unwrap_err();
    assert!(
        error.to_string().starts_with("invalid value \"abc\" for ETCD_MAX_TXN_OPS: parse error")
    );
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn unknown_variables_are_warned_about_without_their_value() {
    let environment = [
        ("ETCD_FOO", "secret"),
        ("BRAID_FOO", "secret"),
        ("ETCDCTL_API", "3"),
        ("ETCD_UNSUPPORTED_ARCH", "arm"),
    ];
    let warnings = warning_texts(serve(&[], &environment).1);
    assert_eq!(
        warnings,
        [
            "unrecognized environment variable ETCD_FOO",
            "unrecognized environment variable BRAID_FOO"
        ]
    );
}

#[test]
fn refusals_name_the_variable() {
    let error = start(&[], &[("ETCD_CERT_FILE", "/a")]).unwrap_err();
    assert!(
        error.to_string().starts_with("ETCD_CERT_FILE=\"/a\" cannot be honoured: TLS"),
        "{error}"
    );
}
