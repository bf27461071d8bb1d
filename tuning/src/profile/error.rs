//! Why a profile cannot be used.

use std::io;
use std::ops::Range;

/// Why a profile cannot be used. The messages begin with the profile's name or path.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error(
        "{path}: cannot be read: {error}; give the path of a profile, or one of those built in: {built_in}"
    )]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
        /// Names of the profiles built in.
        built_in: String,
    },
    /// The file is larger than any profile.
    #[error("{path}: is larger than {bytes_max} bytes; that is no profile")]
    TooLarge {
        /// The file.
        path: String,
        /// Bytes that a profile may have.
        bytes_max: u64,
    },
    /// A line is wrong.
    #[error("{path}, {line}")]
    Line {
        /// The file.
        path: String,
        /// The line and what is wrong with it.
        line: LineError,
    },
}

/// What is wrong with a profile's text, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number} ({text:?}): {message}")]
pub struct LineError {
    /// Counted from 1.
    pub number: usize,
    /// The line itself.
    pub text: String,
    /// What is wrong with it.
    pub message: String,
}

impl LineError {
    pub(super) fn new(profile: &str, error: &toml::de::Error) -> Self {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Self::at(profile, error.span(), message)
    }

    /// `message` about the bytes `span` of `profile`; without a span it is about its first line.
    pub(super) fn at(profile: &str, span: Option<Range<usize>>, message: String) -> Self {
        let start = span.map_or(0, |span| span.start);
        let before = profile.get(..start).unwrap_or_default();
        let number = 1 + before.matches('\n').count();
        let text = profile.lines().nth(number - 1).unwrap_or_default().trim().to_owned();
        Self { number, text, message }
    }
}
