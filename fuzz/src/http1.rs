//! HTTP/1.1: paths, queries, headers, pipelines.

use crate::server::converse;

/// The bytes are the connection's; its end is written by the target.
pub fn run(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    bytes.extend_from_slice(b"\r\n\r\n");
    converse(&bytes);
}

/// A request for everything that there is.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let paths = [
        "/health?serializable=true",
        "/livez?verbose&exclude=serializable_read",
        "/readyz/linearizable_read?verbose",
        "/metrics",
        "/version",
        "/nothing",
    ];
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let others = [
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "GET /version HTTP/1.0\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nConnection: close",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    paths.map(get).into_iter().chain(others.map(|text| text.as_bytes().to_vec())).collect()
}
