//! Where requests go.

use std::fmt::Display;
use std::str::FromStr;

use crate::failure::Failure;

/// A server's address, as `http://host:port` or `host:port`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `host:port`.
    pub address: String,
}

impl Endpoint {
    pub(super) fn unreachable(&self, error: &dyn Display) -> Failure {
        Failure::Connection(format!("{} cannot be reached: {error}", self.address))
    }
}

/// Longest name of a host.
const HOST_BYTES: usize = 253;

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("TLS is not spoken by this tool yet; give an http:// endpoint".into());
        }
        let address = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        match address.rsplit_once(':') {
            Some((host, port))
                if (1..=HOST_BYTES).contains(&host.len()) && port.parse::<u16>().is_ok() =>
            {
                Ok(Self { address: address.into() })
            }
            _ => Err(format!("{text:?} is not host:port")),
        }
    }
}

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
