//! How an operation fails, by kind.

use std::borrow::Cow;

use thiserror::Error;

/// Why an operation failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with a status other than OK.
    #[error("{}: {message}", code_name(*code))]
    Status {
        /// gRPC's number of the status.
        code: u32,
        /// The server's text.
        message: String,
    },
    /// The stream was reset; its connection goes on.
    #[error("stream reset: {0}")]
    Reset(String),
    /// The connection could not be made, or is gone with everything on it.
    #[error("connection: {0}")]
    Connection(String),
    /// The answer is not what the server has to answer.
    #[error("wrong answer: {0}")]
    Answer(&'static str),
}

impl Failure {
    /// Under what name it is counted.
    pub fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::Status { code, .. } => code_name(*code),
            Self::Reset(_) => "stream reset".into(),
            Self::Connection(_) => "connection lost".into(),
            Self::Answer(what) => format!("wrong answer: {what}").into(),
        }
    }

    /// Nothing more can be asked on this connection.
    pub fn ends_the_connection(&self) -> bool {
        matches!(self, Self::Connection(_))
    }
}

impl From<prost::DecodeError> for Failure {
    fn from(_: prost::DecodeError) -> Self {
        Self::Answer("not the message that was asked for")
    }
}

/// The names of gRPC's codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

fn code_name(code: u32) -> Cow<'static, str> {
    match CODES.get(code as usize) {
        Some(name) => (*name).into(),
        None => format!("status {code}").into(),
    }
}
