//! Where a server is, and how it is talked to.

use std::fmt::Display;
use std::str::FromStr;

use super::tls::Tls;
use crate::failure::Failure;

/// A server's address, as `https://host:port`, `http://host:port` or `host:port`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `host:port`.
    pub address: String,
    /// It is to be reached over TLS.
    pub secure: bool,
    /// How; needed where the endpoint is secure.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// A server that is talked to in the clear.
    pub fn plain(address: impl Display) -> Self {
        Self { address: address.to_string(), secure: false, tls: None }
    }

    pub(super) fn unreachable(&self, error: &dyn Display) -> Failure {
        Failure::Connection(format!("{} cannot be reached: {error}", self.address))
    }

    /// The host without its port and without the brackets of an IPv6 address.
    pub(super) fn host(&self) -> &str {
        let host = self.address.rsplit_once(':').map_or(&*self.address, |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// Longest name of a host.
const HOST_BYTES: usize = 253;

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (secure, address) = match text.strip_prefix("https://") {
            Some(address) => (true, address),
            None => (false, text.strip_prefix("http://").unwrap_or(text)),
        };
        let address = address.trim_end_matches('/');
        match address.rsplit_once(':') {
            Some((host, port))
                if (1..=HOST_BYTES).contains(&host.len()) && port.parse::<u16>().is_ok() =>
            {
                Ok(Self { secure, ..Self::plain(address) })
            }
            _ => Err(format!("{text:?} is not host:port")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_a_scheme() {
        for (text, host, secure) in [
            ("localhost:2379", "localhost", false),
            ("http://127.0.0.1:2379/", "127.0.0.1", false),
            ("https://[::1]:2379", "::1", true),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!((endpoint.host(), endpoint.secure), (host, secure), "{text}");
        }
        for text in ["", "https://", "host", "host:", ":1", "host:70000", "ftp://host"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
