//! etcd's "Profiling and Monitoring", "Logging" and "Distributed tracing" options.

use crate::config::option::{Kind, OptionSpec, harmless, refused, used};

const NO_TRACING: &str = "distributed tracing is not built";

pub(super) const MONITORING_OPTIONS: &[OptionSpec] = &[
    harmless(
        "enable-pprof",
        Kind::Bool,
        "false",
        "Serve Go's profiles.",
        "there is no Go runtime to profile; the binary keeps its symbols, so use perf",
    ),
    harmless(
        "metrics",
        Kind::Text,
        "basic",
        "How much /metrics shows: basic or extensive.",
        "the histograms of gRPC handling time are not built yet",
    ),
    used("listen-metrics-urls", Kind::Urls, "", "More URLs for /metrics and the health checks."),
];

pub(super) const LOGGING_OPTIONS: &[OptionSpec] = &[
    used("logger", Kind::Text, "zap", "Only zap, the name of etcd's log format."),
    used(
        "log-outputs",
        Kind::Strings,
        "default",
        "Where log lines go: default, stderr, stdout or paths of files.",
    ),
    used(
        "log-level",
        Kind::Text,
        "info",
        "Lowest level logged: debug, info, warn, error, panic or fatal.",
    ),
    used(
        "log-format",
        Kind::Text,
        "json",
        "json or console. When not given, a terminal gets console and everything else json.",
    ),
    refused(
        "enable-log-rotation",
        Kind::Bool,
        "false",
        "Rotate the log file.",
        "the file would grow without end. Log to stderr, or rotate it with logrotate's copytruncate",
    ),
    harmless(
        "log-rotation-config-json",
        Kind::Text,
        r#"{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}"#,
        "How the log file is rotated.",
        "log rotation is not built",
    ),
    used(
        "warning-unary-request-duration",
        Kind::Duration,
        "300ms",
        "A request that takes longer is logged.",
    ),
];

pub(super) const TRACING_OPTIONS: &[OptionSpec] = &[
    harmless("enable-distributed-tracing", Kind::Bool, "false", "Send traces.", NO_TRACING),
    harmless(
        "distributed-tracing-address",
        Kind::Text,
        "localhost:4317",
        "The collector.",
        NO_TRACING,
    ),
    harmless("distributed-tracing-service-name", Kind::Text, "etcd", "Name in traces.", NO_TRACING),
    harmless("distributed-tracing-instance-id", Kind::Text, "", "Instance in traces.", NO_TRACING),
    harmless(
        "distributed-tracing-sampling-rate",
        Kind::Int,
        "0",
        "Traces per million.",
        NO_TRACING,
    ),
];
