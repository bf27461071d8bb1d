//! etcd's "Security" and "Auth" options.

use crate::config::option::{Kind, OptionSpec, harmless, refused};

const NO_TLS: &str = "TLS is not built yet, and serving in the clear what was to be encrypted would be worse. Leave it out, and keep the ports private or put a TLS proxy in front";
const NO_PEER_TLS: &str = "peers and their TLS are not built yet. Leave it out";
const TLS_ONLY: &str = "it belongs to TLS, which is not built yet";

pub(super) const OPTIONS: &[OptionSpec] = &[
    refused("cert-file", Kind::Text, "", "The server's certificate.", NO_TLS),
    refused("key-file", Kind::Text, "", "The server's key.", NO_TLS),
    refused("client-cert-auth", Kind::Bool, "false", "Demand certificates of clients.", NO_TLS),
    refused("client-cert-file", Kind::Text, "", "Client certificate of the server itself.", NO_TLS),
    refused("client-key-file", Kind::Text, "", "Client key of the server itself.", NO_TLS),
    refused("client-crl-file", Kind::Text, "", "Revoked client certificates.", NO_TLS),
    refused(
        "client-cert-allowed-hostname",
        Kind::Strings,
        "",
        "Names that clients' certificates may carry.",
        NO_TLS,
    ),
    refused(
        "trusted-ca-file",
        Kind::Text,
        "",
        "CA bundle that clients' certificates are checked by.",
        NO_TLS,
    ),
    refused("auto-tls", Kind::Bool, "false", "Serve TLS with a generated certificate.", NO_TLS),
    refused("peer-cert-file", Kind::Text, "", "Certificate towards peers.", NO_PEER_TLS),
    refused("peer-key-file", Kind::Text, "", "Key towards peers.", NO_PEER_TLS),
    refused(
        "peer-client-cert-auth",
        Kind::Bool,
        "false",
        "Demand certificates of peers.",
        NO_PEER_TLS,
    ),
    refused(
        "peer-client-cert-file",
        Kind::Text,
        "",
        "Client certificate towards peers.",
        NO_PEER_TLS,
    ),
    refused("peer-client-key-file", Kind::Text, "", "Client key towards peers.", NO_PEER_TLS),
    refused(
        "peer-trusted-ca-file",
        Kind::Text,
        "",
        "CA bundle that peers are checked by.",
        NO_PEER_TLS,
    ),
    refused(
        "peer-cert-allowed-cn",
        Kind::Strings,
        "",
        "Common names that peers may carry.",
        NO_PEER_TLS,
    ),
    refused(
        "peer-cert-allowed-hostname",
        Kind::Strings,
        "",
        "Host names that peers may carry.",
        NO_PEER_TLS,
    ),
    refused(
        "peer-auto-tls",
        Kind::Bool,
        "false",
        "Use a generated certificate towards peers.",
        NO_PEER_TLS,
    ),
    refused("peer-crl-file", Kind::Text, "", "Revoked peer certificates.", NO_PEER_TLS),
    refused(
        "peer-skip-client-san-verification",
        Kind::Bool,
        "false",
        "Do not check the names in peers' client certificates.",
        NO_PEER_TLS,
    ),
    harmless(
        "self-signed-cert-validity",
        Kind::Uint,
        "1",
        "Years that generated certificates last.",
        TLS_ONLY,
    ),
    harmless("cipher-suites", Kind::Strings, "", "TLS cipher suites.", TLS_ONLY),
    harmless("tls-min-version", Kind::Text, "TLS1.2", "Lowest TLS version.", TLS_ONLY),
    harmless("tls-max-version", Kind::Text, "", "Highest TLS version.", TLS_ONLY),
    harmless(
        "cors",
        Kind::Strings,
        "*",
        "Origins that browsers may call from.",
        "no CORS headers are sent, so browsers may call from nowhere",
    ),
    refused(
        "host-whitelist",
        Kind::Strings,
        "*",
        "Host names that HTTP requests may be addressed to.",
        "the Host header is not checked yet. Keep the port away from browsers instead",
    ),
];

pub(super) const AUTH_OPTIONS: &[OptionSpec] = &[
    refused(
        "auth-token",
        Kind::Text,
        "simple",
        "Kind of authentication tokens: simple, or jwt with its options.",
        "authentication is not built yet. Leave it out",
    ),
    harmless(
        "bcrypt-cost",
        Kind::Uint,
        "10",
        "Cost of hashing a password.",
        "authentication is not built yet",
    ),
    harmless(
        "auth-token-ttl",
        Kind::Uint,
        "300",
        "Seconds that a simple token lasts.",
        "authentication is not built yet",
    ),
];
