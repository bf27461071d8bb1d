use std::io::Write;

use super::*;

/// Starts with a configuration file of this content.
fn start_with(
    content: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Startup, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let path = format!("--config-file={}", file.path().display());
    let mut all = vec![path.as_str()];
    all.extend(arguments);
    start(&all, environment)
}

#[track_caller]
fn serve_with(content: &str) -> (Config, Vec<String>) {
    match start_with(content, &[], &[]) {
        Ok(Startup::Serve(config, notices)) => (*config, warning_texts(notices)),
        other => panic!("{content}: {other:?}"),
    }
}

#[track_caller]
fn refused_with(content: &str, part: &str) {
    let error = start_with(content, &[], &[]).expect_err(content);
    assert!(error.to_string().contains(part), "{content}: {error}\nwanted: {part}");
    assert_eq!(error.exit_code(), 1);
}

/// What a file of etcd's sample has: every section, and old keys.
const SAMPLE: &str = "
name: 'm1'
data-dir:
wal-dir:
snapshot-count: 10000
heartbeat-interval: 100
election-timeout: 2000
quota-backend-bytes: 0
listen-peer-urls: http://localhost:2380
listen-client-urls: http://127.0.0.1:12379,http://[::1]:12379
max-snapshots: 5
max-wals: 5
cors:
initial-advertise-peer-urls: http://localhost:2380
advertise-client-urls: http://localhost:12379
discovery:
discovery-fallback: 'proxy'
discovery-proxy:
discovery-srv:
initial-cluster:
initial-cluster-token: 'etcd-cluster'
initial-cluster-state: 'new'
strict-reconfig-check: false
enable-pprof: true
proxy: 'off'
proxy-failure-wait: 5000
client-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
peer-transport-security:
  cert-file:
  allowed-cn: []
  auto-tls: no
log-level: debug
logger: zap
log-outputs: [stderr]
force-new-cluster: false
auto-compaction-mode: periodic
auto-compaction-retention: 1
cipher-suites: [TLS_A, TLS_B]
watch-progress-notify-interval: 5000000000
tls-min-version: 'TLS1.2'
cores: 2
memory: 64MiB
";

#[test]
fn a_full_file() {
    let (config, warnings) = serve_with(SAMPLE);
    assert_eq!(config.member.name, "m1");
    assert_eq!(config.member.data_dir.to_str(), Some("m1.braid"));
    assert_eq!(config.client_addresses.len(), 2);
    assert_eq!(config.lease_ttl_min, 3);
    assert_eq!(config.watch_progress_interval.as_secs(), 5);
    assert_eq!(
        config.auto_compaction,
        crate::config::AutoCompaction::Periodic(std::time::Duration::from_secs(3600))
    );
    assert_eq!((config.tuned.cores, config.tuned.memory_bytes), (2, 64 << 20));
    let about = |name: &str| warnings.iter().any(|warning| warning.starts_with(name));
    assert!(about("strict-reconfig-check (in") && about("enable-pprof") && about("cipher-suites"));
}

#[test]
fn json_is_fine() {
    let (config, _) = serve_with(r#"{"name": "m1", "max-txn-ops": 7, "log-outputs": ["stdout"]}"#);
    assert_eq!((config.member.name.as_str(), config.limits.txn_ops_max), ("m1", 7));
}

#[test]
fn flags_and_variables_are_ignored() {
    let started = start_with("name: m1", &["--name=m2"], &[("ETCD_NAME", "m3"), ("ETCD_FOO", "")]);
    let Ok(Startup::Serve(config, notices)) = started else { panic!("{started:?}") };
    assert_eq!(config.member.name, "m1");
    assert_eq!(warning_texts(notices), Vec::<String>::new());
}

#[test]
fn the_file_can_come_from_the_environment() {
    let error = start(&[], &[("ETCD_CONFIG_FILE", "/nowhere/etcd.yml")]).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/etcd.yml: cannot be read"), "{error}");
}

#[test]
fn listen_urls_alone_are_enough_in_a_file() {
    let (config, _) = serve_with("listen-client-urls: http://127.0.0.1:12379");
    assert_eq!(config.member.client_urls, ["http://localhost:2379"]);
}

#[test]
fn empty_files_and_unknown_keys() {
    assert_eq!(serve_with("").0.member.name, "default");
    assert_eq!(serve_with("# nothing\n").0.member.name, "default");
    assert_eq!(serve_with("foo: 1").1, ["unknown key `foo` in the configuration file is ignored"]);
}

#[test]
fn bad_values() {
    refused_with("max-txn-ops: '12'", "invalid value for `max-txn-ops`: \"12\" is no whole number");
    refused_with("max-txn-ops: -1", "invalid value for `max-txn-ops`");
    refused_with("grpc-keepalive-min-time: 5s", "durations are whole nanoseconds");
    refused_with("grpc-keepalive-min-time: -5", "below zero");
    refused_with("pre-vote: maybe", "invalid value for `pre-vote`");
    refused_with("name: {a: b}", "invalid value for `name`: neither a scalar");
    refused_with("- a", "holds no mapping");
    refused_with("a: [", "is neither YAML nor JSON");
    refused_with("1: a", "holds no mapping");
    refused_with("listen-client-urls: foo", "URL scheme must be");
    refused_with("initial-cluster-state: old", "give new or existing");
}

#[test]
fn sections_about_security_are_not_ignored() {
    refused_with(
        "client-transport-security: {cert-file: /a}",
        "client-transport-security.cert-file (in the configuration file)=\"/a\" cannot be honoured: TLS",
    );
    refused_with("client-transport-security: {auto-tls: true}", "cannot be honoured: TLS");
    refused_with("peer-transport-security: {allowed-cn: [a]}", "cannot be honoured: peers");
    refused_with(
        "client-transport-security: {allowed-cn: [a]}",
        "is unknown and stands in a section",
    );
    refused_with("client-transport-security: [a]", "`client-transport-security` must be a mapping");
    refused_with("discovery-config: {discovery-endpoints: [a]}", "cannot be honoured: discovery");
    refused_with("discovery-config: {token: a}", "cannot be honoured: discovery");
}

#[test]
fn large_files_are_refused() {
    refused_with(&" ".repeat((1 << 20) + 1), "is larger than");
}
