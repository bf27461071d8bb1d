//! Every bound of the front-end, in one place.

use std::time::Duration;

/// What gRPC adds to a request at most, in bytes: etcd allows messages this much above
/// `--max-request-bytes`.
pub const GRPC_OVERHEAD_BYTES: usize = 512 * 1024;

/// What a request costs the budget beside its own bytes: stream, headers, slot.
pub const REQUEST_OVERHEAD_BYTES: u64 = 2 * 1024;

/// What a long-lived stream costs the budget.
pub const STREAM_OVERHEAD_BYTES: u64 = 8 * 1024;

/// Bytes read from a socket before other connections of the core get their turn.
pub const READ_BYTES_PER_TURN: usize = 128 * 1024;

/// Bytes that wait for a socket before nothing more is taken from the HTTP/2 machine.
pub const SOCKET_BUFFER_BYTES: usize = 128 * 1024;

/// What an idle connection keeps of its write buffer, in bytes.
pub const IDLE_BUFFER_BYTES: usize = 16 * 1024;

/// Answer bytes that are handed to the HTTP/2 machine before the socket gets its turn.
pub const ANSWER_BYTES_PER_TURN: usize = 512 * 1024;

/// Largest answer that is sent in one piece; larger ones go out piece by piece as the client
/// takes them.
pub const WHOLE_ANSWER_BYTES: usize = 64 * 1024;

/// HTTP/2 receive window of a stream, in bytes.
pub const STREAM_WINDOW_BYTES: u32 = 512 << 10;

/// HTTP/2 receive window of a connection, in bytes.
pub const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;

/// What the small DATA frames of a connection may cost before they are taken: h2 counts 256 bytes
/// for each, less what it carries. A turn reads all its frames first, the smallest of 10 bytes.
pub const SMALL_FRAMES_BYTES: usize = READ_BYTES_PER_TURN / 10 * 256;

/// Streams that a client may reset before they are accepted. A server that was held up finds
/// many such when its clients' deadlines passed meanwhile.
pub const RESETS_BEFORE_ACCEPT: usize = 4096;

/// Largest list of request headers, in bytes.
pub const HEADER_LIST_BYTES: u32 = 16 * 1024;

/// Deepest nesting of transactions that is decoded: each level takes some stack, here and wherever
/// the engine follows them. `--max-txn-ops` bounds it as well, as each level takes an operation.
pub const TXN_DEPTH: usize = 256;

/// Header bytes of an HTTP/1.1 request at most.
pub const HTTP1_BUFFER_BYTES: usize = 16 * 1024;

const _: () = assert!(WHOLE_ANSWER_BYTES <= ANSWER_BYTES_PER_TURN);
const _: () = assert!(STREAM_WINDOW_BYTES <= CONNECTION_WINDOW_BYTES);
const _: () = assert!(IDLE_BUFFER_BYTES <= SOCKET_BUFFER_BYTES);

/// The bounds that come from the configuration.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `--max-request-bytes`.
    pub max_request_bytes: usize,
    /// Most operations of a transaction.
    pub max_txn_ops: usize,
    /// `--max-concurrent-streams`, per connection.
    pub max_concurrent_streams: u32,
    /// How long a client may take to send a request.
    pub receive_timeout: Duration,
    /// How long the engine may take before the server gives up.
    pub request_timeout: Duration,
    /// How long a client may leave an answer, or a piece of one, unread.
    pub send_timeout: Duration,
    /// How long a client may take for the connection's first bytes.
    pub handshake_timeout: Duration,
    /// How long an HTTP/1.1 connection may be without a whole request.
    pub http1_idle_timeout: Duration,
    /// `--grpc-keepalive-min-time`: the shortest time between two PINGs of a client.
    pub keepalive_min_time: Duration,
    /// `--grpc-keepalive-interval`: silence after which the server asks; zero for never.
    pub keepalive_interval: Duration,
    /// `--grpc-keepalive-timeout`: how long it then waits for an answer.
    pub keepalive_timeout: Duration,
}

impl Limits {
    /// Largest message that a client may send, in bytes.
    #[must_use]
    pub fn max_message_bytes(&self) -> usize {
        self.max_request_bytes + GRPC_OVERHEAD_BYTES
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_request_bytes: 1_572_864,
            max_txn_ops: 128,
            max_concurrent_streams: u32::MAX,
            receive_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(7),
            send_timeout: Duration::from_secs(120),
            handshake_timeout: Duration::from_secs(20),
            http1_idle_timeout: Duration::from_secs(120),
            keepalive_min_time: Duration::from_secs(5),
            keepalive_interval: Duration::from_secs(2 * 60 * 60),
            keepalive_timeout: Duration::from_secs(20),
        }
    }
}
