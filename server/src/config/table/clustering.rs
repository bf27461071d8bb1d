//! etcd's "Clustering" options.

use crate::config::option::{Kind, OptionSpec, harmless, refused, used};

const NO_DISCOVERY: &str =
    "discovery is not built, and a member that started without it would be a cluster of its own";
const DISCOVERY_ONLY: &str = "it belongs to discovery, which is not built";
const ONE_MEMBER: &str = "there is one member";

pub(super) const OPTIONS: &[OptionSpec] = &[
    used(
        "initial-advertise-peer-urls",
        Kind::Urls,
        "http://localhost:2380",
        "This member's peer URLs, as MemberList shows them.",
    ),
    used(
        "initial-cluster",
        Kind::Text,
        "",
        "The cluster's members as name=URL,…; for now it can only name this member. Empty means this member at its peer URLs.",
    ),
    used(
        "initial-cluster-state",
        Kind::Choice(&["new", "existing"]),
        "new",
        "Whether the cluster is new; an existing data directory decides for itself.",
    ),
    used(
        "initial-cluster-token",
        Kind::Text,
        "etcd-cluster",
        "Goes into the ids of cluster and members, so that clusters with the same URLs stay apart.",
    ),
    used(
        "advertise-client-urls",
        Kind::Urls,
        "http://localhost:2379",
        "This member's client URLs, as MemberList shows them to clients.",
    ),
    refused("discovery-token", Kind::Text, "", "The discovery service's token.", NO_DISCOVERY),
    refused("discovery-endpoints", Kind::Strings, "", "The discovery service.", NO_DISCOVERY),
    refused("discovery-srv", Kind::Text, "", "DNS domain to find members in.", NO_DISCOVERY),
    harmless("discovery-srv-name", Kind::Text, "", "Suffix of the DNS service.", DISCOVERY_ONLY),
    harmless(
        "discovery-dial-timeout",
        Kind::Duration,
        "2s",
        "Discovery's dial timeout.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "discovery-request-timeout",
        Kind::Duration,
        "5s",
        "Discovery's request timeout.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "discovery-keepalive-time",
        Kind::Duration,
        "2s",
        "Discovery's ping interval.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "discovery-keepalive-timeout",
        Kind::Duration,
        "6s",
        "Discovery's ping timeout.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "discovery-insecure-transport",
        Kind::Bool,
        "true",
        "Reach discovery without TLS.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "discovery-insecure-skip-tls-verify",
        Kind::Bool,
        "false",
        "Do not verify discovery's certificate.",
        DISCOVERY_ONLY,
    ),
    harmless("discovery-cert", Kind::Text, "", "Client certificate for discovery.", DISCOVERY_ONLY),
    harmless("discovery-key", Kind::Text, "", "Client key for discovery.", DISCOVERY_ONLY),
    harmless("discovery-cacert", Kind::Text, "", "CA bundle for discovery.", DISCOVERY_ONLY),
    harmless("discovery-user", Kind::Text, "", "User at discovery.", DISCOVERY_ONLY),
    harmless("discovery-password", Kind::Text, "", "Password at discovery.", DISCOVERY_ONLY),
    harmless(
        "discovery-fallback",
        Kind::Text,
        "exit",
        "What to do when discovery fails.",
        DISCOVERY_ONLY,
    ),
    harmless(
        "strict-reconfig-check",
        Kind::Bool,
        "true",
        "Reject changes of membership that would lose the quorum.",
        ONE_MEMBER,
    ),
    harmless("pre-vote", Kind::Bool, "true", "Ask before standing for election.", ONE_MEMBER),
    used(
        "auto-compaction-mode",
        Kind::Text,
        "periodic",
        "How --auto-compaction-retention is read: periodic (a time) or revision (a number of revisions).",
    ),
    used(
        "auto-compaction-retention",
        Kind::Text,
        "0",
        "History to keep: hours or a duration such as 30m in mode periodic, revisions in mode revision. 0 switches automatic compaction off.",
    ),
];
