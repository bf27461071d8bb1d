//! The server's configuration: where it comes from, what it must satisfy, and what the rest of the
//! program sees of it.
//!
//! Command line, environment and configuration file all follow one [`table`]. Nothing here reads a
//! clock, opens a socket or touches the data directory.

pub mod duration;
pub mod error;
pub mod help;
pub mod option;
pub mod settings;
pub mod table;
pub mod url;
pub mod value;

mod arguments;
mod environment;
mod feature_gates;
mod file;
mod limits;
mod logs;
mod member;
mod retention;
mod size;
#[cfg(test)]
mod tests;
mod tuned;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use braid_tuning::host::Host;
use braid_tuning::tuned::Tuned;

pub use environment::Environment;
pub use limits::{Keepalive, Limits};
pub use logs::{LogConfig, LogFormat, LogLevel, LogOutput};
pub use member::{ClusterState, Member};
pub use retention::AutoCompaction;

use arguments::CommandLine;
use error::{ConfigError, Invalid};
use settings::{Notice, Settings};

/// A validated configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Who this member is and where its data is.
    pub member: Member,
    /// Addresses for gRPC and HTTP.
    pub client_addresses: Vec<SocketAddr>,
    /// More addresses, for metrics and health checks alone.
    pub metrics_addresses: Vec<SocketAddr>,
    /// Limits on requests, data and connections.
    pub limits: Limits,
    /// How connections are kept alive and policed.
    pub keepalive: Keepalive,
    /// Shortest time to live of a lease, in seconds.
    pub lease_ttl_min: i64,
    /// Automatic compaction.
    pub auto_compaction: AutoCompaction,
    /// Time between progress notifications to watchers that asked for them.
    pub watch_progress_interval: Duration,
    /// What the engine takes longer for is logged.
    pub slow_calls: SlowThresholds,
    /// Shards of a new cluster.
    pub shards: u16,
    /// How much of the machine to use, and how.
    pub tuned: Tuned,
    /// Where and how to log.
    pub log: LogConfig,
}

/// Times from which on a call is logged, as "request stats" and as "apply request took too long".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowThresholds {
    /// `--warning-unary-request-duration`.
    pub request: Duration,
    /// `--warning-apply-duration`.
    pub apply: Duration,
}

/// What the command line, the environment and the configuration file ask for.
#[derive(Debug)]
pub enum Startup {
    /// Print this and exit with success.
    Print(String),
    /// Run the server, and log the notices first.
    Serve(Box<Config>, Vec<Notice>),
}

/// Reads and checks the configuration. `arguments` come without the program's name; `host` gives
/// the defaults that depend on the machine.
///
/// # Errors
/// What is wrong and what to do.
pub fn load(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    host: &Host,
) -> Result<Startup, ConfigError> {
    let (settings, file) = match arguments::parse(arguments)? {
        CommandLine::Help => return Ok(Startup::Print(help::text())),
        CommandLine::Version => return Ok(Startup::Print(crate::version::text())),
        CommandLine::Serve { settings, file } => (settings, file),
    };
    let (settings, mut notices) = gather(settings, file, environment)?;
    notices.extend(settings.review()?);
    let config = build(&settings, host, &mut notices)?;
    Ok(Startup::Serve(Box::new(config), notices))
}

/// The settings that count: those of the file when there is one, otherwise flags and environment.
fn gather(
    mut settings: Settings,
    file: Option<String>,
    environment: &Environment,
) -> Result<(Settings, Vec<Notice>), ConfigError> {
    let Some(path) = file.or_else(|| environment::config_file(environment)) else {
        let notices = environment::apply(environment, &mut settings)?;
        return Ok((settings, notices));
    };
    let (settings, mut notices) =
        file::read(&path).map_err(|error| ConfigError::File { path: path.clone(), error })?;
    notices.push(Notice::info(format!(
        "loaded server configuration from {path}; other command line flags and environment variables are ignored"
    )));
    Ok((settings, notices))
}

fn build(settings: &Settings, host: &Host, notices: &mut Vec<Notice>) -> Result<Config, Invalid> {
    let log = logs::build(settings, notices)?;
    feature_gates::check(settings)?;
    let client_addresses = member::listen_addresses(settings, "listen-client-urls")?;
    if client_addresses.is_empty() {
        return Err(Invalid::NoUrls("listen-client-urls"));
    }
    let limits = limits::build(settings, notices)?;
    Ok(Config {
        client_addresses,
        metrics_addresses: member::listen_addresses(settings, "listen-metrics-urls")?,
        member: member::build(settings)?,
        tuned: tuned::build(settings, &limits, host, notices)?,
        limits,
        keepalive: limits::keepalive(settings),
        lease_ttl_min: limits::lease_ttl_min(settings)?,
        auto_compaction: retention::build(settings)?,
        watch_progress_interval: settings.duration("watch-progress-notify-interval"),
        slow_calls: SlowThresholds {
            request: settings.duration("warning-unary-request-duration"),
            apply: settings.duration("warning-apply-duration"),
        },
        shards: tuned::shards(settings)?,
        log,
    })
}

/// `value` when it is within `least..=most`.
fn within(name: &'static str, value: u64, least: u64, most: u64) -> Result<u64, Invalid> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Invalid::Range { name, value, least, most })
}
