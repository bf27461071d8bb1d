//! etcd's "Member" options.

use crate::config::option::{Kind, OptionSpec, harmless, refused, used};

const NO_SNAPSHOTS: &str = "the log holds the data itself and needs no snapshots";
const NO_BBOLT: &str = "there is no bbolt database";
const NO_PEERS: &str = "there is one member, so there are no connections to peers";

pub(super) const OPTIONS: &[OptionSpec] = &[
    used("name", Kind::Text, "default", "This member's name, as MemberList shows it."),
    used("data-dir", Kind::Text, "${name}.braid", "Directory of the data. Created when missing."),
    refused(
        "wal-dir",
        Kind::Text,
        "",
        "Separate directory for etcd's write-ahead log.",
        "the log is the data and lives in --data-dir; nothing would be written where you asked. Point --data-dir at the fast disk",
    ),
    harmless(
        "snapshot-count",
        Kind::Uint,
        "10000",
        "Transactions between snapshots.",
        NO_SNAPSHOTS,
    ),
    used("heartbeat-interval", Kind::Uint, "100", "Heartbeat interval in milliseconds."),
    used(
        "election-timeout",
        Kind::Uint,
        "1000",
        "Election timeout in milliseconds, 5 heartbeats to 50000. A lease lives for at least one and a half of it.",
    ),
    harmless(
        "initial-election-tick-advance",
        Kind::Bool,
        "true",
        "Shorten the first election.",
        "a member alone elects itself at once",
    ),
    used(
        "listen-peer-urls",
        Kind::Urls,
        "http://localhost:2380",
        "URLs for peers. Checked, but nothing listens there until there can be peers.",
    ),
    used(
        "listen-client-urls",
        Kind::Urls,
        "http://localhost:2379",
        "URLs to serve clients on: gRPC and HTTP on one port. --advertise-client-urls must be given with it.",
    ),
    refused(
        "listen-client-http-urls",
        Kind::Urls,
        "",
        "URLs for HTTP alone, which then leaves the client URLs.",
        "gRPC and HTTP share the ports of --listen-client-urls. For metrics and health checks on a port of their own use --listen-metrics-urls",
    ),
    harmless(
        "max-wals",
        Kind::Uint,
        "5",
        "WAL files to keep.",
        "the log is cleaned, not deleted by count",
    ),
    harmless(
        "memory-mlock",
        Kind::Bool,
        "false",
        "Keep the process's pages in memory.",
        "Braid maps no file; its data is in its own memory. Switch swap off where it hurts",
    ),
    used(
        "quota-backend-bytes",
        Kind::Int,
        "0",
        "Largest size of the data in bytes; shown, but not enforced yet. 0 means 2 GiB as in etcd, below 0 no quota.",
    ),
    harmless("backend-bbolt-freelist-type", Kind::Text, "map", "bbolt's free list.", NO_BBOLT),
    harmless(
        "backend-batch-interval",
        Kind::Duration,
        "0s",
        "Longest time between bbolt commits.",
        NO_BBOLT,
    ),
    harmless(
        "backend-batch-limit",
        Kind::Int,
        "0",
        "Most operations between bbolt commits.",
        NO_BBOLT,
    ),
    used("max-txn-ops", Kind::Uint, "128", "Most operations in a transaction."),
    used("max-request-bytes", Kind::Uint, "1572864", "Largest request of a client in bytes."),
    used(
        "max-concurrent-streams",
        Kind::Uint32,
        "4294967295",
        "Most streams that a client may have open on a connection.",
    ),
    used(
        "grpc-keepalive-min-time",
        Kind::Duration,
        "5s",
        "Shortest time between a client's pings.",
    ),
    used(
        "grpc-keepalive-interval",
        Kind::Duration,
        "2h",
        "Time after which an idle client is pinged; 0 for never.",
    ),
    used(
        "grpc-keepalive-timeout",
        Kind::Duration,
        "20s",
        "Time that a pinged client has to answer before it is cut off; 0 for ever.",
    ),
    harmless(
        "socket-reuse-port",
        Kind::Bool,
        "false",
        "Set SO_REUSEPORT on listeners.",
        "one core accepts and hands the sockets over, and two servers on one port would split a cluster",
    ),
    harmless(
        "socket-reuse-address",
        Kind::Bool,
        "false",
        "Set SO_REUSEADDR on listeners.",
        "it is always set",
    ),
    harmless(
        "enable-grpc-gateway",
        Kind::Bool,
        "true",
        "Serve the JSON gateway under /v3/.",
        "the JSON gateway is not built yet",
    ),
    harmless("raft-read-timeout", Kind::Duration, "5s", "Read timeout between peers.", NO_PEERS),
    harmless("raft-write-timeout", Kind::Duration, "5s", "Write timeout between peers.", NO_PEERS),
    harmless(
        "feature-gates",
        Kind::Strings,
        "",
        "etcd's feature gates, as Name=true,Other=false.",
        "etcd's gates switch etcd's code",
    ),
];
