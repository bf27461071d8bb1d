//! Where requests go, and their heads, built once for each connection.

use std::fmt::Display;
use std::str::FromStr;

use http::Request;

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

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("TLS is not spoken by this tool yet; give an http:// endpoint".into());
        }
        let address = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
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
}

impl Method {
    const ALL: [Self; 7] = [
        Self::Put,
        Self::Range,
        Self::RangeStream,
        Self::Txn,
        Self::Watch,
        Self::LeaseGrant,
        Self::LeaseKeepAlive,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Put => "/etcdserverpb.KV/Put",
            Self::Range => "/etcdserverpb.KV/Range",
            Self::RangeStream => "/etcdserverpb.KV/RangeStream",
            Self::Txn => "/etcdserverpb.KV/Txn",
            Self::Watch => "/etcdserverpb.Watch/Watch",
            Self::LeaseGrant => "/etcdserverpb.Lease/LeaseGrant",
            Self::LeaseKeepAlive => "/etcdserverpb.Lease/LeaseKeepAlive",
        }
    }
}

/// A request's head for each method; cloning one copies a few reference counts.
pub(super) struct Requests([Request<()>; Method::ALL.len()]);

impl Requests {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self(Method::ALL.map(|method| head(endpoint, method)))
    }

    pub(super) fn get(&self, method: Method) -> Request<()> {
        self.0[method as usize].clone()
    }
}

fn head(endpoint: &Endpoint, method: Method) -> Request<()> {
    let uri = format!("http://{}{}", endpoint.address, method.path());
    let builder = Request::builder().method("POST").uri(uri);
    let builder = builder.header("content-type", "application/grpc").header("te", "trailers");
    // An address that no URI can hold was refused when the endpoint was parsed.
    builder.body(()).unwrap_or_default()
}
