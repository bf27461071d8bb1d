use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use braid_tuning::profile::Sync;
use braid_tuning::tuned::Tuned;

use super::*;
use crate::config::{AutoCompaction, ClusterState, LogFormat, LogLevel, LogOutput};

#[test]
fn without_arguments() {
    let (config, notices) = serve(&[], &[]);
    assert_eq!(notices, []);
    assert_eq!(config.client_addresses, [SocketAddr::from(([127, 0, 0, 1], 2379))]);
    assert!(config.metrics_addresses.is_empty());
    assert_eq!(config.member.data_dir.to_str(), Some("default.braid"));
    assert_eq!(config.member.client_urls, ["http://localhost:2379"]);
    assert_eq!(config.member.cluster_state, ClusterState::New);
    assert_eq!(config.limits.txn_ops_max, 128);
    assert_eq!(config.limits.request_bytes_max, 1_572_864);
    assert_eq!(config.limits.concurrent_streams_max, u32::MAX);
    assert_eq!(config.limits.quota_bytes, 2 << 30);
    assert_eq!(config.keepalive.min_time, Duration::from_secs(5));
    assert_eq!(config.keepalive.interval, Some(Duration::from_secs(7200)));
    assert_eq!(config.lease_ttl_min, 2);
    assert_eq!(config.auto_compaction, AutoCompaction::Off);
    assert_eq!(config.watch_progress_interval, Duration::from_secs(600));
    assert_eq!((config.tuned.cores, config.shards), (4, 16));
    assert_eq!(config.tuned, Tuned::for_host(&HOST));
    assert_eq!(config.tuned.memory_bytes, 2 << 30);
}

/// The ids that a real etcd 3.7.1 shows for the same flags.
#[test]
fn ids_are_those_of_etcd() {
    let member = config(&[]).member;
    assert_eq!(
        (member.member_id, member.cluster_id),
        (0x8e9e_05c5_2164_694d, 0xcdf8_1819_4e3a_8c32)
    );
}

#[test]
fn ids_depend_on_peer_urls_and_token_alone() {
    let id = |arguments: &[&str]| config(arguments).member.member_id;
    assert_eq!(id(&["--name=m1", "--advertise-client-urls=http://a:1"]), id(&[]));
    assert_ne!(id(&["--initial-cluster-token=t"]), id(&[]));
    assert_ne!(id(&["--initial-advertise-peer-urls=http://a:1"]), id(&[]));
    assert_eq!(
        id(&["--initial-advertise-peer-urls=http://a:1,http://b:1"]),
        id(&["--initial-advertise-peer-urls=http://b:1,http://a:1"])
    );
}

#[test]
fn urls_that_cannot_be_served() {
    let advertise = "--advertise-client-urls=http://a:1";
    let listen = |url: &str, text| {
        refused(&[advertise, &format!("--listen-client-urls={url}")], 1, text);
    };
    listen(
        "https://127.0.0.1:1",
        "--listen-client-urls: https://127.0.0.1:1: Braid cannot serve TLS",
    );
    listen("unix:///a", "--listen-client-urls: unix:///a: Braid cannot serve sockets");
    listen("http://foo:1", "--listen-client-urls: expected IP in URL for binding (http://foo:1)");
    listen("", "--listen-client-urls is empty");
    refused(
        &["--listen-client-urls=http://127.0.0.1:1"],
        1,
        "--advertise-client-urls is required when --listen-client-urls is set explicitly",
    );
    refused(
        &["--advertise-client-urls=http://:1"],
        1,
        "--advertise-client-urls: unexpected empty host",
    );
    refused(&["--listen-metrics-urls=https://127.0.0.1:1"], 1, "--listen-metrics-urls: https");
    refused(&["--listen-peer-urls=http://foo:1"], 1, "--listen-peer-urls: expected IP");
}

#[test]
fn the_initial_cluster_is_this_member() {
    let peers = "--initial-advertise-peer-urls=http://a:1,http://b:1";
    for cluster in ["", "m1=http://a:1,m1=http://b:1", "m1=http://b:1,,m1=http://a:1"] {
        config(&["--name=m1", peers, &format!("--initial-cluster={cluster}")]);
    }
    let cluster = |cluster: &str, text| {
        refused(&["--name=m1", peers, &format!("--initial-cluster={cluster}")], 1, text);
    };
    cluster(
        "m1=http://a:1,m2=http://b:1",
        "--initial-cluster=\"m1=http://a:1,m2=http://b:1\" names 2 members",
    );
    cluster(
        "m2=http://a:1",
        "couldn't find local name \"m1\" in the initial cluster configuration",
    );
    cluster(
        "m1=http://a:1",
        "--initial-cluster has http://a:1 but --initial-advertise-peer-urls has http://a:1,http://b:1",
    );
    cluster("m1", "error setting up initial cluster: URL scheme must be http");
    assert_eq!(
        config(&["--initial-cluster-state=existing"]).member.cluster_state,
        ClusterState::Existing
    );
}

#[test]
fn elections_bound_the_lease_time() {
    let ttl = |heartbeat, election| {
        let arguments =
            [format!("--heartbeat-interval={heartbeat}"), format!("--election-timeout={election}")];
        config(&arguments.each_ref().map(String::as_str)).lease_ttl_min
    };
    assert_eq!([ttl(100, 1000), ttl(100, 2000), ttl(100, 700), ttl(1, 5)], [2, 3, 1, 1]);
    refused(&["--heartbeat-interval=0"], 1, "--heartbeat-interval must be >0 (set to 0ms)");
    refused(&["--election-timeout=0"], 1, "--election-timeout must be >0 (set to 0ms)");
    refused(
        &["--election-timeout=100"],
        1,
        "--election-timeout[100ms] should be at least as 5 times as --heartbeat-interval[100ms]",
    );
    refused(&["--election-timeout=50001"], 1, "--election-timeout[50001ms] is too long");
}

#[test]
fn automatic_compaction() {
    let kept = |mode: &str, retention: &str| {
        config(&["--auto-compaction-mode", mode, "--auto-compaction-retention", retention])
            .auto_compaction
    };
    let hours = |count: u64| AutoCompaction::Periodic(Duration::from_secs(count * 3600));
    assert_eq!(kept("periodic", "5"), hours(5));
    assert_eq!(kept("periodic", "90m"), AutoCompaction::Periodic(Duration::from_secs(5400)));
    assert_eq!(kept("periodic", "0"), AutoCompaction::Off);
    assert_eq!(kept("revision", "5000"), AutoCompaction::Revision(5000));
    assert_eq!(kept("revision", "0"), AutoCompaction::Off);
    refused(&["--auto-compaction-mode=x"], 1, "unknown auto-compaction-mode \"x\"");
    refused(&["--auto-compaction-mode="], 1, "undefined auto-compaction-mode");
    refused(
        &["--auto-compaction-retention=x"],
        1,
        "error parsing CompactionRetention: time: invalid duration \"x\"",
    );
    refused(
        &["--auto-compaction-mode=revision", "--auto-compaction-retention=5m"],
        1,
        "--auto-compaction-retention=\"5m\" is no number of revisions",
    );
}

#[test]
fn logs() {
    let log = |arguments: &[&str]| config(arguments).log;
    assert_eq!(log(&[]).format, None);
    assert_eq!(log(&["--log-format=json"]).format, Some(LogFormat::Json));
    assert_eq!(log(&["--log-level=warn"]).level, LogLevel::Warn);
    assert_eq!(
        log(&["--log-outputs=stderr,stdout,/a"]).outputs,
        [LogOutput::Stderr, LogOutput::Stdout, LogOutput::File("/a".into())]
    );
    refused(&["--log-level=foo"], 1, "unrecognized level: \"foo\"");
    refused(&["--log-format=foo"], 1, "unknown log format: foo, supported values json, console");
    refused(
        &["--log-outputs=default,stderr"],
        1,
        "multi logoutput for \"default\" is not supported yet",
    );
    refused(&["--logger=foo"], 1, "unknown logger option \"foo\"");
}

#[test]
fn resources_have_bounds() {
    let text = |argument: &str| error(&[argument]).to_string();
    assert_eq!(text("--shards=0"), "--shards=0 is out of range; give 1 to 1024");
    assert_eq!(text("--shards=1025"), "--shards=1025 is out of range; give 1 to 1024");
    assert_eq!(text("--cores=257"), "--cores=257 is out of range; give 1 to 256");
    assert!(text("--memory=1KiB").starts_with("--memory=1024 is out of range"));
    assert!(text("--max-request-bytes=0").starts_with("--max-request-bytes=0 is out of range"));
    assert!(text("--cores=5").starts_with("--cores=5 exceeds the 4 CPUs"));
    assert_eq!(config(&["--memory=64MiB"]).tuned.memory_bytes, 64 << 20);
}

#[test]
fn quotas() {
    let quota = |bytes: &str| config(&["--quota-backend-bytes", bytes]).limits.quota_bytes;
    assert_eq!([quota("-1"), quota("0"), quota("1000")], [-1, 2 << 30, 1000]);
    assert!(warnings(&["--quota-backend-bytes=1000"])[0].contains("not enforced yet"));
    assert_eq!(warnings(&["--quota-backend-bytes=10000000000"]).len(), 2);
}

#[test]
fn feature_gates() {
    refused(&["--feature-gates=Foo=true"], 1, "--feature-gates: unrecognized feature gate: Foo");
    refused(&["--feature-gates=AllBeta"], 1, "--feature-gates: missing bool value for AllBeta");
    assert_eq!(warnings(&["--feature-gates=AllBeta=true,FastLeaseKeepAlive=false"]).len(), 1);
}

/// Starts with a profile of these lines behind its version; the path it has.
fn with_profile(lines: &str, more: &[&str]) -> (Result<Startup, ConfigError>, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(format!("version = 1\n{lines}").as_bytes()).unwrap();
    let path = file.path().display().to_string();
    (start(&[&[&*format!("--profile={path}")], more].concat(), &[]), path)
}

fn tuned(lines: &str, more: &[&str]) -> (Tuned, Vec<String>) {
    match with_profile(lines, more).0 {
        Ok(Startup::Serve(config, notices)) => (config.tuned, warning_texts(notices)),
        other => panic!("{lines}: {other:?}"),
    }
}

#[test]
fn profiles() {
    let (tuned, warnings) = tuned("sync = \"dsync\"\nsegment-bytes = 8388608\nspin-us = 0", &[]);
    assert_eq!((tuned.sync, tuned.segment_bytes), (Sync::Dsync, 8 << 20));
    assert_eq!((tuned.spin, warnings), (Duration::ZERO, vec![]));
    let (refused, path) = with_profile("speed = 11", &[]);
    let error = refused.unwrap_err();
    assert!(error.to_string().starts_with(&format!("--profile={path}, line 2 (")), "{error}");
    assert_eq!(error.exit_code(), 1);
    self::refused(&["--profile=/nowhere"], 1, "--profile=/nowhere: cannot be read");
    assert_eq!(config(&["--profile=laptop"]).tuned.cores, 2);
}

#[test]
fn options_win_over_the_profile() {
    let lines = "cores = 9\nleave-cpus = 1\nmemory-bytes = 99999999999";
    let (tuned, warnings) = tuned(lines, &["--cores=4", "--memory=64MiB"]);
    assert_eq!((tuned.cores, tuned.leave_cpus, tuned.memory_bytes), (4, 0, 64 << 20));
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn what_does_not_fit_is_warned_about_point_by_point() {
    let (found, warnings) = tuned("cores = 9\nmemory-bytes = 99999999999", &[]);
    assert_eq!((found.cores, found.memory_bytes), (4, 2 << 30));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("--profile=/") && warnings[0].contains("cores = 9"));
    let (found, warnings) = tuned("segment-bytes = 1048576", &[]);
    assert_eq!(found.segment_bytes, 8 << 20);
    assert!(warnings.concat().contains("segment-bytes = 1048576 is too small"), "{warnings:?}");
    assert!(config(&["--max-request-bytes=9000000"]).tuned.segment_bytes > 32 << 20);
    assert_eq!(self::warnings(&["--max-request-bytes=9000000"]), Vec::<String>::new());
}
