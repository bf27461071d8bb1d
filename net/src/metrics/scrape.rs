//! Everything that `/metrics` tells, under etcd's names.

use std::sync::Arc;

use braid_core::api::Status;

use crate::front::FrontEnd;
use crate::grpc::method::Method;
use crate::identity::{ETCD_VERSION, Identity};
use crate::metrics::counters::{CallTotals, Metrics};
use crate::metrics::exposition::{Exposition, Kind};

/// Labels of gRPC's codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// The text of a scrape; `status` is the engine's answer to the question of the same name.
#[must_use]
pub fn scrape(front: &FrontEnd, status: &Status) -> String {
    let mut exposition = Exposition::default();
    member(&front.identity, &mut exposition);
    store(status, &mut exposition);
    traffic(&front.all_metrics, &mut exposition);
    health(&front.all_metrics, &mut exposition);
    calls(&front.all_metrics, &mut exposition);
    (front.more_metrics)(&mut exposition);
    exposition.finish()
}

fn member(identity: &Identity, exposition: &mut Exposition) {
    let id = format!("{:x}", identity.member_id);
    let mut labelled = |name: &str, help: &str, label: (&str, &str)| {
        exposition.family(name, Kind::Gauge, help);
        exposition.sample(name, &[label], 1);
    };
    labelled("etcd_cluster_version", "Version of the cluster.", ("cluster_version", "3.7"));
    labelled("etcd_server_id", "Id of this member in hexadecimal digits.", ("server_id", &id));
    let version = ("server_version", ETCD_VERSION);
    labelled("etcd_server_version", "Version of etcd that this server stands for.", version);
    let quota = identity.quota_bytes;
    let mut gauge = |name: &str, help: &str, value: i64| {
        exposition.single(name, Kind::Gauge, help, value);
    };
    gauge("etcd_server_quota_backend_bytes", "Space quota in bytes.", quota);
    gauge("etcd_server_has_leader", "1 when there is a leader, else 0.", 1);
    gauge("etcd_server_is_leader", "1 when this member leads, else 0.", 1);
    gauge("etcd_server_is_learner", "1 when this member is a learner, else 0.", 0);
}

fn store(status: &Status, exposition: &mut Exposition) {
    let mut gauge = |name: &str, help: &str, value: i64| {
        exposition.single(name, Kind::Gauge, help, value);
    };
    gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes on disk.", status.db_size as i64);
    gauge(
        "etcd_mvcc_db_total_size_in_use_in_bytes",
        "Bytes on disk that the history needs.",
        status.db_size_in_use as i64,
    );
    gauge("etcd_debugging_mvcc_keys_total", "Keys that live.", status.keys as i64);
    gauge(
        "etcd_debugging_mvcc_current_revision",
        "Revision of the last change.",
        status.revision.0 as i64,
    );
    gauge(
        "etcd_debugging_mvcc_compact_revision",
        "Revision of the last compaction.",
        status.compact_revision,
    );
    let mut counter = |name: &str, help: &str, value: u64| {
        exposition.single(name, Kind::Counter, help, value);
    };
    counter("etcd_server_proposals_committed_total", "Raft entries.", status.raft_applied_index);
    counter("etcd_server_proposals_applied_total", "Raft entries.", status.raft_applied_index);
    counter("etcd_server_proposals_failed_total", "A member alone refuses none.", 0);
    let pending = status.raft_index.saturating_sub(status.raft_applied_index);
    let name = "etcd_server_proposals_pending";
    exposition.single(name, Kind::Gauge, "Raft entries that are not durable yet.", pending);
}

fn sum(all: &[Arc<Metrics>], pick: impl Fn(&Metrics) -> u64) -> u64 {
    all.iter().map(|metrics| pick(metrics)).sum()
}

fn traffic(all: &[Arc<Metrics>], exposition: &mut Exposition) {
    let received = sum(all, |metrics| metrics.received_bytes.get());
    let sent = sum(all, |metrics| metrics.sent_bytes.get());
    let mut counter = |name: &str, help: &str, value: u64| {
        exposition.single(name, Kind::Counter, help, value);
    };
    counter(
        "etcd_network_client_grpc_received_bytes_total",
        "Bytes of messages from gRPC clients.",
        received,
    );
    counter(
        "etcd_network_client_grpc_sent_bytes_total",
        "Bytes of messages to gRPC clients.",
        sent,
    );
}

fn health(all: &[Arc<Metrics>], exposition: &mut Exposition) {
    let good = sum(all, |metrics| metrics.health_success.get());
    let bad = sum(all, |metrics| metrics.health_failures.get());
    let mut counter = |name: &str, help: &str, value: u64| {
        exposition.single(name, Kind::Counter, help, value);
    };
    counter("etcd_server_health_success", "Health checks that succeeded.", good);
    counter("etcd_server_health_failures", "Health checks that failed.", bad);
}

fn calls(all: &[Arc<Metrics>], exposition: &mut Exposition) {
    let totals: Vec<(Method, CallTotals)> =
        Method::ALL.iter().map(|&method| (method, totals(all, method))).collect();
    let mut family = |name: &str, help: &str, pick: fn(&CallTotals) -> u64| {
        exposition.family(name, Kind::Counter, help);
        for (method, totals) in &totals {
            exposition.sample(name, &labels(*method), pick(totals));
        }
    };
    family("grpc_server_started_total", "Calls that began.", |totals| totals.started);
    family("grpc_server_msg_received_total", "Messages received.", |t| t.messages_received);
    family("grpc_server_msg_sent_total", "Messages sent.", |totals| totals.messages_sent);
    handled(&totals, exposition);
}

fn totals(all: &[Arc<Metrics>], method: Method) -> CallTotals {
    let mut totals = CallTotals::default();
    all.iter().for_each(|metrics| metrics.add_to(method, &mut totals));
    totals
}

fn labels(method: Method) -> [(&'static str, &'static str); 3] {
    [
        ("grpc_method", method.name()),
        ("grpc_service", method.service()),
        ("grpc_type", method.shape().label()),
    ]
}

fn handled(totals: &[(Method, CallTotals)], exposition: &mut Exposition) {
    let name = "grpc_server_handled_total";
    exposition.family(name, Kind::Counter, "Calls that ended, by code.");
    for (method, totals) in totals {
        for (code, count) in CODES.iter().zip(totals.handled) {
            let [method, service, shape] = labels(*method);
            exposition.sample(name, &[("grpc_code", code), method, service, shape], count);
        }
    }
}
