//! How a call ends: gRPC's code and message.

use std::borrow::Cow;
use std::fmt::Write;

use braid_core::error::{Code, Error};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::budget::Exhausted;
use crate::grpc::method::Method;

/// The end of a call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// gRPC's code.
    pub code: Code,
    /// The text that clients see.
    pub message: Cow<'static, str>,
}

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

impl Status {
    /// With a text that does not change.
    #[must_use]
    pub const fn new(code: Code, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message) }
    }

    /// With a text made for this call.
    #[must_use]
    pub const fn with(code: Code, message: String) -> Self {
        Self { code, message: Cow::Owned(message) }
    }

    /// What grpc-go answers for a method without code behind it.
    #[must_use]
    pub fn not_built(method: Method) -> Self {
        Self::with(Code::Unimplemented, format!("method {} not implemented", method.name()))
    }

    /// The client's deadline has passed.
    #[must_use]
    pub const fn deadline_exceeded() -> Self {
        Self::new(Code::DeadlineExceeded, "context deadline exceeded")
    }

    /// The bytes are no protobuf message of the expected type.
    #[must_use]
    pub fn undecodable(error: &prost::DecodeError) -> Self {
        Self::with(Code::Internal, format!("grpc: error unmarshalling request: {error}"))
    }

    /// The engine's answer belongs to another request: our own bug, told rather than hidden.
    #[must_use]
    pub const fn mismatched_answer() -> Self {
        Self::new(Code::Internal, "braid: the engine answered another kind of request")
    }

    /// The headers that carry it.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(GRPC_STATUS, code_value(self.code));
        headers.insert(GRPC_MESSAGE, percent_encoded(&self.message));
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Self::with(error.code(), error.to_string())
    }
}

impl From<Exhausted> for Status {
    fn from(_: Exhausted) -> Self {
        Error::TooManyRequests.into()
    }
}

fn code_value(code: Code) -> HeaderValue {
    const TEXTS: [&str; 17] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    ];
    HeaderValue::from_static(TEXTS[code as usize])
}

/// Printable ASCII but `%` stays as it is, every other byte becomes `%XX`.
fn percent_encoded(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::from_maybe_shared(Bytes::from(encoded))
        .unwrap_or_else(|_| HeaderValue::from_static("unprintable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        let encode = |text| percent_encoded(text).to_str().map(str::to_owned);
        assert_eq!(encode("50% \u{e4}\n").as_deref().ok(), Some("50%25 %C3%A4%0A"));
        assert_eq!(encode("plain: text").as_deref().ok(), Some("plain: text"));
    }

    #[test]
    fn codes_have_their_number() {
        assert_eq!(code_value(Code::Unauthenticated), "16");
        assert_eq!(code_value(Code::Ok), "0");
    }
}
