use super::*;

#[test]
fn what_must_not_be_ignored_is_refused() {
    let cases = [
        "--cert-file=/a",
        "--key-file=/a",
        "--client-cert-auth",
        "--trusted-ca-file=/a",
        "--auto-tls",
        "--peer-cert-file=/a",
        "--peer-auto-tls",
        "--auth-token=jwt,pub-key=a",
        "--host-whitelist=example.org",
        "--unsafe-no-fsync",
        "--force-new-cluster",
        "--wal-dir=/a",
        "--discovery-srv=example.org",
        "--discovery-endpoints=http://a:1",
        "--discovery=http://a",
        "--listen-client-http-urls=http://127.0.0.1:1",
        "--enable-log-rotation",
        "--proxy=on",
        "--experimental-peer-skip-client-san-verification",
    ];
    for argument in cases {
        let text = error(&[argument]).to_string();
        assert!(text.contains(" cannot be honoured: "), "{argument}: {text}");
    }
}

#[test]
fn defaults_of_refused_options_are_taken() {
    let arguments = [
        "--client-cert-auth=false",
        "--auth-token=simple",
        "--wal-dir=",
        "--unsafe-no-fsync=false",
        "--host-whitelist=*",
    ];
    assert_eq!(warnings(&arguments), Vec::<String>::new());
}

#[test]
fn harmless_options_warn_when_they_differ() {
    assert_eq!(warnings(&["--snapshot-count=10000"]), Vec::<String>::new());
    assert_eq!(
        warnings(&["--snapshot-count=5"]),
        ["--snapshot-count has no effect: the log holds the data itself and needs no snapshots"]
    );
}

#[test]
fn old_names() {
    let arguments = ["--experimental-watch-progress-notify-interval=5s"];
    assert_eq!(config(&arguments).watch_progress_interval.as_secs(), 5);
    assert_eq!(
        warnings(&arguments),
        [
            "--experimental-watch-progress-notify-interval is an old name; use watch-progress-notify-interval"
        ]
    );
    let arguments =
        ["--enable-v2=true", "--max-snapshots=9", "--experimental-initial-corrupt-check"];
    assert_eq!(warnings(&arguments).len(), 3);
}

#[test]
fn what_kubeadm_passes_without_tls() {
    let arguments = [
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--data-dir=/var/lib/etcd",
        "--experimental-initial-corrupt-check=true",
        "--experimental-watch-progress-notify-interval=5s",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=node=http://127.0.0.1:2380",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--listen-metrics-urls=http://127.0.0.1:2381",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--name=node",
        "--snapshot-count=10000",
        "--feature-gates=InitialCorruptCheck=true",
    ];
    let config = config(&arguments);
    assert_eq!(config.member.name, "node");
    assert_eq!(config.metrics_addresses[0].to_string(), "127.0.0.1:2381");
}
