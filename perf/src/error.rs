//! What can go wrong while measuring.

use std::io;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program or file that cannot be used.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// perf is not there.
    #[error(
        "'perf' is missing: install it (Debian package: linux-perf). `braid-perf stages` works \
         without it"
    )]
    NoPerf,
    /// perf may not look.
    #[error(
        "perf may not record: {0}\nrun as root, or allow it: sysctl kernel.perf_event_paranoid=1. \
         `braid-perf stages` works without it"
    )]
    Forbidden(String),
    /// perf saw nothing.
    #[error("perf recorded no stack: the server did nothing in that time, or ended")]
    Empty,
    /// The server did not come up.
    #[error(transparent)]
    Server(#[from] braid_bench::Error),
    /// The load failed.
    #[error("the load failed ({status}):\n{output}")]
    Load {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        output: String,
    },
    /// Something got slower.
    #[error(
        "more instructions than the limit: {0}\nfind out why (`perf/flame`, `braid-perf diff`); \
         raise the limit only with the reason beside it"
    )]
    TooMany(String),
    /// A case nobody set a limit for.
    #[error("no limit for {0}: add a line `{0} = number  # why`")]
    NoLimit(String),
    /// A name that no case has.
    #[error("no hot function is called {0:?}")]
    NoCase(String),
    /// valgrind is not there.
    #[error("'valgrind' is missing: install it (Debian package: valgrind)")]
    NoValgrind,
    /// valgrind did not count.
    #[error("valgrind cannot count {case}: {said}")]
    NotCounted {
        /// Of which case.
        case: &'static str,
        /// What it said.
        said: String,
    },
    /// The server's metrics lack something.
    #[error("the server's /metrics has no {0}: it is not a Braid, or an older one")]
    NoMetric(String),
}

impl Error {
    /// Says what was tried.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
