//! What the headers of a request say, and what is refused by them alone.

use std::time::Duration;

use braid_core::error::Code;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, request::Parts};

use crate::grpc::method::{Method, Unknown};
use crate::grpc::status::Status;

/// A timeout that no server outlives is none; it also keeps sums with it in range.
const FAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The headers of a request, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// What is called.
    pub method: Method,
    /// How long the client waits.
    pub timeout: Option<Duration>,
}

/// A request that its headers already decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP's status.
    pub http: StatusCode,
    /// gRPC's.
    pub status: Status,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { http: StatusCode::OK, status }
    }
}

/// Checks in grpc-go's order: content type, timeout, HTTP method, path, then metadata.
///
/// # Errors
/// The answer that the headers alone decide.
pub fn check(head: &Parts) -> Result<RequestHead, Refusal> {
    check_content_type(&head.headers)?;
    let timeout = timeout(&head.headers)?;
    if head.method != http::Method::POST {
        return Err(wrong_http_method(&head.method));
    }
    let method =
        Method::from_path(head.uri.path()).map_err(|unknown| unknown_status(unknown, head))?;
    check_encoding(&head.headers)?;
    check_client_version(&head.headers)?;
    Ok(RequestHead { method, timeout })
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    match value.strip_prefix(b"application/grpc") {
        Some([] | [b'+' | b';', ..]) => Ok(()),
        _ => Err(Refusal {
            http: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            status: Status::with(
                Code::InvalidArgument,
                format!("invalid gRPC request content-type \"{}\"", value.escape_ascii()),
            ),
        }),
    }
}

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let parsed = parse_timeout(value.as_bytes()).map(|timeout| Some(timeout).filter(|t| *t < FAR));
    parsed.ok_or_else(|| Refusal {
        http: StatusCode::BAD_REQUEST,
        status: Status::with(
            Code::Internal,
            format!("malformed grpc-timeout: \"{}\"", value.as_bytes().escape_ascii()),
        ),
    })
}

/// At most eight digits and a unit.
fn parse_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(number * 3600)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn wrong_http_method(method: &http::Method) -> Refusal {
    let message =
        format!("Received a HEADERS frame with :method \"{method}\" which should be POST");
    Refusal { http: StatusCode::METHOD_NOT_ALLOWED, status: Status::with(Code::Internal, message) }
}

fn unknown_status(unknown: Unknown<'_>, head: &Parts) -> Refusal {
    let message = match unknown {
        Unknown::Malformed => format!("malformed method name: \"{}\"", head.uri.path()),
        Unknown::Service(service) => format!("unknown service {service}"),
        Unknown::Method { service, method } => {
            format!("unknown method {method} for service {service}")
        }
    };
    Status::with(Code::Unimplemented, message).into()
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    let encoding = headers.get("grpc-encoding").map_or(&b""[..], |value| value.as_bytes());
    if matches!(encoding, b"" | b"identity") {
        return Ok(());
    }
    let message = format!(
        "grpc: Decompressor is not installed for grpc-encoding \"{}\"",
        encoding.escape_ascii()
    );
    Err(Status::with(Code::Unimplemented, message).into())
}

fn check_client_version(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("client-api-version") {
        Some(value) if std::str::from_utf8(value.as_bytes()).is_err() => {
            Err(Status::new(Code::InvalidArgument, "etcdserver: invalid client api version").into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(change: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        let builder = http::Request::builder()
            .method("POST")
            .uri("http://host/etcdserverpb.KV/Range")
            .header("content-type", "application/grpc");
        change(builder).body(()).expect("a request").into_parts().0
    }

    fn refused(
        change: impl FnOnce(http::request::Builder) -> http::request::Builder,
    ) -> (u16, Code) {
        let refusal = check(&head(change)).expect_err("refused");
        (refusal.http.as_u16(), refusal.status.code)
    }

    #[test]
    fn a_plain_request_passes() {
        let checked = check(&head(|b| b.header("grpc-timeout", "20m")));
        let timeout = Some(Duration::from_millis(20));
        assert_eq!(checked, Ok(RequestHead { method: Method::Range, timeout }));
    }

    #[test]
    fn each_wrong_header_has_its_own_answer() {
        assert_eq!(refused(|b| b.method("GET")), (405, Code::Internal));
        assert_eq!(refused(|b| b.header("grpc-timeout", "5")), (400, Code::Internal));
        assert_eq!(refused(|b| b.header("grpc-encoding", "gzip")), (200, Code::Unimplemented));
        assert_eq!(refused(|b| b.uri("http://host/x/y")), (200, Code::Unimplemented));
        let garbled = http::HeaderValue::from_bytes(b"\xff").expect("opaque");
        let code = refused(|b| b.header("client-api-version", garbled));
        assert_eq!(code, (200, Code::InvalidArgument));
    }

    #[test]
    fn content_types() {
        let check = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(value));
            check_content_type(&headers).is_ok()
        };
        assert!(check("application/grpc") && check("application/grpc+proto"));
        assert!(check("application/grpc;x"));
        assert!(!check("application/grpc-web") && !check("application/json") && !check(""));
    }

    #[test]
    fn timeouts() {
        assert_eq!(parse_timeout(b"99999999H"), Some(Duration::from_secs(359_999_996_400)));
        assert_eq!(parse_timeout(b"100u"), Some(Duration::from_micros(100)));
        for bad in [&b""[..], b"S", b"1", b"123456789S", b"-1S", b"1s", b"1 S"] {
            assert_eq!(parse_timeout(bad), None);
        }
    }
}
