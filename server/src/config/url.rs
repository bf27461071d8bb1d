//! The URLs of etcd's options: a scheme and a `host:port`, nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A URL of an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: String,
    /// The scheme.
    pub scheme: Scheme,
}

/// The schemes that etcd knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Scheme {
    Http,
    Https,
    Unix,
    Unixs,
}

/// Why a text is no such URL, or one that cannot be used; etcd's texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum UrlError {
    #[error("URL scheme must be http, https, unix, or unixs: {0}")]
    Scheme(String),
    #[error("URL address does not have the form \"host:port\": {0}")]
    HostPort(String),
    #[error("URL must not contain a path: {0}")]
    Path(String),
    #[error("expected IP in URL for binding ({0})")]
    Bind(Url),
    #[error("invalid port in URL for binding ({0})")]
    Port(Url),
    #[error("unexpected empty host ({0})")]
    EmptyHost(Url),
}

impl Url {
    /// Reads one URL.
    ///
    /// # Errors
    /// As etcd finds it wanting.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (scheme, address) =
            split_scheme(text).ok_or_else(|| UrlError::Scheme(text.to_owned()))?;
        if matches!(scheme, Scheme::Http | Scheme::Https) {
            check_address(address, text)?;
        }
        Ok(Self { text: text.to_owned(), scheme })
    }

    /// Reads a list separated by commas: sorted and without repetitions, as etcd keeps it.
    ///
    /// # Errors
    /// The first URL that is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, UrlError> {
        let mut urls = text.split(',').map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        urls.sort();
        urls.dedup();
        Ok(urls)
    }

    /// Where to listen for this URL. As in etcd only addresses are taken, and `localhost`.
    ///
    /// # Errors
    /// The host is a name, or the port is no number.
    pub fn bind_address(&self) -> Result<SocketAddr, UrlError> {
        let (host, port) = self.host_and_port().ok_or_else(|| UrlError::Bind(self.clone()))?;
        let host = match host {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            _ => host.parse().map_err(|_| UrlError::Bind(self.clone()))?,
        };
        let port = port.parse().map_err(|_| UrlError::Port(self.clone()))?;
        Ok(SocketAddr::new(host, port))
    }

    /// Checks a URL that is told to others.
    ///
    /// # Errors
    /// The host is empty.
    pub fn check_advertised(&self) -> Result<(), UrlError> {
        match self.host_and_port() {
            Some(("", _)) => Err(UrlError::EmptyHost(self.clone())),
            _ => Ok(()),
        }
    }

    /// Host (without brackets) and port; none for a socket of the file system.
    fn host_and_port(&self) -> Option<(&str, &str)> {
        match split_scheme(&self.text)? {
            (Scheme::Http | Scheme::Https, address) => split_host_port(address),
            _ => None,
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The scheme and what follows `://` (or `:` for sockets of the file system).
fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        "unix" => Scheme::Unix,
        "unixs" => Scheme::Unixs,
        _ => return None,
    };
    Some((scheme, rest.strip_prefix("//").unwrap_or(rest)))
}

fn check_address(address: &str, text: &str) -> Result<(), UrlError> {
    let end = address.find('/').unwrap_or(address.len());
    let (authority, path) = address.split_at(end);
    let odd = authority.contains(['?', '#', '@', ' ']);
    if odd || split_host_port(authority).is_none() {
        return Err(UrlError::HostPort(text.to_owned()));
    }
    if !path.is_empty() {
        return Err(UrlError::Path(text.to_owned()));
    }
    Ok(())
}

/// Splits `host:port`, where an IPv6 host stands in brackets.
fn split_host_port(address: &str) -> Option<(&str, &str)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once("]:")?;
        return (!port.contains(':')).then_some((host, port));
    }
    let (host, port) = address.split_once(':')?;
    (!port.contains(':')).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_unique() {
        let urls = Url::parse_list("http://b:1, http://a:1,http://b:1").unwrap();
        assert_eq!(
            urls.iter().map(Url::to_string).collect::<Vec<_>>(),
            ["http://a:1", "http://b:1"]
        );
    }

    #[test]
    fn bind_addresses() {
        let bind =
            |text| Url::parse(text).unwrap().bind_address().map(|address| address.to_string());
        assert_eq!(bind("http://localhost:2379").unwrap(), "127.0.0.1:2379");
        assert_eq!(bind("http://[::1]:2379").unwrap(), "[::1]:2379");
        assert_eq!(bind("http://0.0.0.0:0").unwrap(), "0.0.0.0:0");
        assert_eq!(
            bind("http://example.org:1").unwrap_err().to_string(),
            "expected IP in URL for binding (http://example.org:1)"
        );
        assert!(matches!(bind("http://:2379"), Err(UrlError::Bind(_))));
        assert!(matches!(bind("http://127.0.0.1:99999"), Err(UrlError::Port(_))));
        assert!(matches!(bind("unix:///tmp/socket"), Err(UrlError::Bind(_))));
    }

    #[test]
    fn refuses_with_the_texts_of_etcd() {
        let cases = [
            ("localhost:2379", "URL scheme must be http, https, unix, or unixs: localhost:2379"),
            ("", "URL scheme must be http, https, unix, or unixs: "),
            ("ftp://a:1", "URL scheme must be http, https, unix, or unixs: ftp://a:1"),
            ("http://a", r#"URL address does not have the form "host:port": http://a"#),
            ("http://a:1:2", r#"URL address does not have the form "host:port": http://a:1:2"#),
            ("http://[::1", r#"URL address does not have the form "host:port": http://[::1"#),
            ("http://a:1/b", "URL must not contain a path: http://a:1/b"),
        ];
        for (text, error) in cases {
            assert_eq!(Url::parse(text).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn advertised_urls_need_a_host() {
        let error = Url::parse("http://:2380").unwrap().check_advertised().unwrap_err();
        assert_eq!(error.to_string(), "unexpected empty host (http://:2380)");
        assert!(Url::parse("unix:///a").unwrap().check_advertised().is_ok());
    }
}
