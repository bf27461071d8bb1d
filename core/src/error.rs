//! The errors that clients see: etcd's texts and codes, byte for byte.

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Code {
    Ok = 0,
    Canceled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $code:ident $text:literal,)*) => {
        /// Why the engine refused a request. Clients match on the text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Error {
            $($(#[$doc])* #[error($text)] $name,)*
        }

        impl Error {
            /// The gRPC code that etcd sends with this error.
            #[must_use]
            pub const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)* }
            }
        }
    };
}

errors! {
    /// A request without a key.
    KeyNotProvided = InvalidArgument "etcdserver: key is not provided",
    /// `ignore_value` or `ignore_lease` on a missing key, or an empty operation.
    KeyNotFound = InvalidArgument "etcdserver: key not found",
    /// `ignore_value` together with a value.
    ValueProvided = InvalidArgument "etcdserver: value is provided",
    /// `ignore_lease` together with a lease.
    LeaseProvided = InvalidArgument "etcdserver: lease is provided",
    /// More operations than `--max-txn-ops`.
    TooManyOps = InvalidArgument "etcdserver: too many operations in txn request",
    /// One key changed twice in a transaction.
    DuplicateKey = InvalidArgument "etcdserver: duplicate key given in txn request",
    /// Unknown sort order or target.
    InvalidSortOption = InvalidArgument "etcdserver: invalid sort option",
    /// Larger than `--max-request-bytes`.
    RequestTooLarge = InvalidArgument "etcdserver: request is too large",
    /// The revision is gone.
    Compacted = OutOfRange "etcdserver: mvcc: required revision has been compacted",
    /// The revision is not there yet.
    FutureRevision = OutOfRange "etcdserver: mvcc: required revision is a future revision",
    /// Lease time beyond 9,000,000,000 s.
    LeaseTtlTooLarge = OutOfRange "etcdserver: too large lease TTL",
    /// No space left for writes.
    NoSpace = ResourceExhausted "etcdserver: mvcc: database space exceeded",
    /// No such lease.
    LeaseNotFound = NotFound "etcdserver: requested lease not found",
    /// The lease id is taken.
    LeaseExists = FailedPrecondition "etcdserver: lease already exists",
    /// Past the budget for requests in flight; etcd sends this one as Unknown.
    TooManyRequests = Unknown "etcdserver: too many requests",
    /// RangeStream with an order.
    StreamSort = Unimplemented "RangeStream does not support custom sort orders",
    /// RangeStream with revision bounds.
    StreamFilter = Unimplemented "RangeStream does not support revision filters",
    /// The server is going down.
    Stopped = Unavailable "etcdserver: server stopped",
    /// The request took too long.
    TimedOut = Unavailable "etcdserver: request timed out",
    /// The client went away.
    RequestCanceled = Canceled "etcdserver: request canceled",
    /// A value on disk no longer has its checksum.
    CorruptValue = DataLoss "etcdserver: a stored value is damaged on disk; restore the member from a backup",
}
