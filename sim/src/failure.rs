//! What went wrong in a run, in a form that two runs can be compared by.

use std::fmt;

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which promise was broken. Two runs with the same one fail in the same way.
    pub promise: String,
    /// What was seen.
    pub evidence: String,
}

/// Or nothing failed.
pub type Verdict = Result<(), Failure>;

impl Failure {
    /// A broken promise.
    pub fn new(promise: &str, evidence: impl Into<String>) -> Self {
        Self { promise: promise.to_owned(), evidence: evidence.into() }
    }

    /// A panic with this message. Numbers in it differ from run to run and say nothing about
    /// what has failed.
    #[must_use]
    pub fn panic(message: &str) -> Self {
        let words = message.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
        let words: String = words.chars().take(60).collect();
        Self::new(&format!("no panic: {words}"), message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}\n{}", self.promise, self.evidence)
    }
}
