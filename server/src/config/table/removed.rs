//! Options that newer versions of etcd no longer know but that manifests still pass.

use crate::config::option::{Kind, OptionSpec, harmless, refused, renamed};

const GONE: &str = "newer versions of etcd no longer have it";
const NOT_HERE: &str = "etcd replaced it by a feature gate, and etcd's gates switch etcd's code";

/// An option that was dropped without a successor.
const fn gone(name: &'static str, kind: Kind, default: &'static str) -> OptionSpec {
    harmless(name, kind, default, "", GONE)
}

/// An experiment that etcd turned into a feature gate.
const fn gated(name: &'static str, default: &'static str) -> OptionSpec {
    harmless(name, Kind::Bool, default, "", NOT_HERE)
}

pub(super) const OPTIONS: &[OptionSpec] = &[
    gone("enable-v2", Kind::Bool, "false"),
    gone("max-snapshots", Kind::Uint, "5"),
    gone("v2-deprecation", Kind::Text, "write-only"),
    gone("debug", Kind::Bool, "false"),
    gone("log-package-levels", Kind::Text, ""),
    refused(
        "discovery",
        Kind::Text,
        "",
        "",
        "discovery is not built, and a member that started without it would be a cluster of its own",
    ),
    gone("discovery-proxy", Kind::Text, ""),
    refused("proxy", Kind::Text, "off", "", "Braid is no proxy. Leave it out"),
    gone("proxy-failure-wait", Kind::Uint, "5000"),
    gone("proxy-refresh-interval", Kind::Uint, "30000"),
    gone("proxy-dial-timeout", Kind::Uint, "1000"),
    gone("proxy-write-timeout", Kind::Uint, "5000"),
    gone("proxy-read-timeout", Kind::Uint, "0"),
    gated("experimental-initial-corrupt-check", "false"),
    gated("experimental-compact-hash-check-enabled", "false"),
    gated("experimental-enable-lease-checkpoint", "false"),
    gated("experimental-enable-lease-checkpoint-persist", "false"),
    gated("experimental-txn-mode-write-with-shared-buffer", "true"),
    gated("experimental-stop-grpc-service-on-defrag", "false"),
    gated("experimental-set-member-localaddr", "false"),
    gone("experimental-enable-v2v3", Kind::Text, ""),
    gone("experimental-wait-cluster-ready-timeout", Kind::Duration, "5s"),
    renamed("experimental-backend-bbolt-freelist-type", Kind::Text, "backend-bbolt-freelist-type"),
    renamed("experimental-corrupt-check-time", Kind::Duration, "corrupt-check-time"),
    renamed("experimental-compact-hash-check-time", Kind::Duration, "compact-hash-check-time"),
    renamed("experimental-compaction-batch-limit", Kind::Int, "compaction-batch-limit"),
    renamed("experimental-compaction-sleep-interval", Kind::Duration, "compaction-sleep-interval"),
    renamed(
        "experimental-watch-progress-notify-interval",
        Kind::Duration,
        "watch-progress-notify-interval",
    ),
    renamed("experimental-warning-apply-duration", Kind::Duration, "warning-apply-duration"),
    renamed(
        "experimental-warning-unary-request-duration",
        Kind::Duration,
        "warning-unary-request-duration",
    ),
    renamed(
        "experimental-bootstrap-defrag-threshold-megabytes",
        Kind::Uint,
        "bootstrap-defrag-threshold-megabytes",
    ),
    renamed("experimental-memory-mlock", Kind::Bool, "memory-mlock"),
    renamed("experimental-snapshot-catchup-entries", Kind::Uint, "snapshot-catchup-entries"),
    renamed("experimental-max-learners", Kind::Int, "max-learners"),
    renamed("experimental-downgrade-check-time", Kind::Duration, "downgrade-check-time"),
    renamed(
        "experimental-peer-skip-client-san-verification",
        Kind::Bool,
        "peer-skip-client-san-verification",
    ),
    renamed("experimental-enable-distributed-tracing", Kind::Bool, "enable-distributed-tracing"),
    renamed("experimental-distributed-tracing-address", Kind::Text, "distributed-tracing-address"),
    renamed(
        "experimental-distributed-tracing-service-name",
        Kind::Text,
        "distributed-tracing-service-name",
    ),
    renamed(
        "experimental-distributed-tracing-instance-id",
        Kind::Text,
        "distributed-tracing-instance-id",
    ),
    renamed(
        "experimental-distributed-tracing-sampling-rate",
        Kind::Int,
        "distributed-tracing-sampling-rate",
    ),
];
