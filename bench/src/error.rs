//! Why a run gives no figures, or not all of them.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// What goes wrong around a load; what goes wrong within one is counted there.
#[derive(Debug, Error)]
pub enum Error {
    /// No client could start.
    #[error("the load cannot begin: {0}")]
    CannotBegin(String),
    /// Some client did not get ready.
    #[error("the clients were not ready after {} s; is the server stuck?", .0.as_secs())]
    NotReady(Duration),
    /// A load thread ended without a word.
    #[error("a load thread ended early; its message stands above")]
    LoadThread,
    /// Before anything was measured.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// The options do not fit the workload.
    #[error("{0}")]
    Options(String),
    /// A preparation of the data failed.
    #[error("the data could not be prepared: {0}")]
    Prepare(#[from] crate::failure::Failure),
    /// A report could not be written.
    #[error("the report cannot be written to {}: {error}", path.display())]
    Report {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Figures and reports do not go together.
    #[error("{0}")]
    Evidence(String),
    /// The operating system said no.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
    /// A server under test does not run.
    #[error("{name}: {what}; its last words:\n{log}")]
    Server {
        /// Which one.
        name: String,
        /// What happened.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// The measurements stand, but some are not whole.
    #[error("not everything was measured: {0}")]
    Unfinished(String),
}

impl Error {
    /// Names what was tried when the system said no.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, error }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Options(_) => 2,
            Self::Interrupted => 130,
            Self::Unfinished(why) if why == "interrupted" => 130,
            _ => 1,
        }
    }
}
