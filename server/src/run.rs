//! The server's life, from a valid configuration to its end.

use crate::config::Config;

/// Why the server ended, when it was not asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Cores, storage and front-ends are not joined yet.
    #[error(
        "the server {0:?} cannot be started: this build holds its parts, but nothing that joins them"
    )]
    NotBuilt(String),
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// The environment makes service impossible.
pub fn run(config: Config) -> Result<(), RunError> {
    Err(RunError::NotBuilt(config.member.name))
}
