//! Where requests go.

/// The calls that workloads make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// KV/Put.
    Put,
    /// KV/Range.
    Range,
    /// KV/RangeStream.
    RangeStream,
    /// KV/Txn.
    Txn,
    /// Watch/Watch.
    Watch,
    /// Lease/LeaseGrant.
    LeaseGrant,
    /// Lease/LeaseKeepAlive.
    LeaseKeepAlive,
    /// Whatever an echo takes.
    Echo,
}

impl Method {
    /// What stands in the request.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Put => "/etcdserverpb.KV/Put",
            Self::Range => "/etcdserverpb.KV/Range",
            Self::RangeStream => "/etcdserverpb.KV/RangeStream",
            Self::Txn => "/etcdserverpb.KV/Txn",
            Self::Watch => "/etcdserverpb.Watch/Watch",
            Self::LeaseGrant => "/etcdserverpb.Lease/LeaseGrant",
            Self::LeaseKeepAlive => "/etcdserverpb.Lease/LeaseKeepAlive",
            Self::Echo => "/",
        }
    }
}
