//! The log: etcd's JSON lines for machines, readable lines for a terminal.
//!
//! Lines are written under a lock by whichever thread logs, so nothing on a request's path may log
//! at a level that is usually on. Wall-clock time is read here and in no state machine.

mod clock;
mod line;
mod output;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

use crate::config::settings::Notice;
use crate::config::{LogConfig, LogLevel};
use line::Line;
use output::Output;

/// Target of events at etcd's level "fatal": the process ends right after.
const FATAL: &str = "fatal";

/// The runtime ends the process on its own where going on would break a promise.
const RUNTIME_FATAL: &str = "braid_runtime::fatal";

/// Target of events at etcd's level "panic": a bug of our own.
const PANIC: &str = "panic";

/// The log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "--log-outputs: {path}: cannot be opened for appending: {error}; give a path that can be written, or stderr"
)]
pub struct LogError {
    path: PathBuf,
    error: io::Error,
}

/// Sends all further log lines of the process where `config` says. The first call counts.
///
/// # Errors
/// A log file cannot be opened.
pub fn start(config: &LogConfig) -> Result<(), LogError> {
    let subscriber = subscriber(config, output::open(config)?);
    // A second call (in tests) would find a subscriber in place, and it stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(target: PANIC, %backtrace, "{panic}");
    }));
    Ok(())
}

fn subscriber(config: &LogConfig, outputs: Vec<Output>) -> impl Subscriber + Send + Sync + 'static {
    let level = config.level;
    let layers: Vec<_> = outputs
        .into_iter()
        .map(|output| {
            let line = Line::new(output.format, output.colours);
            layer().event_format(line).with_writer(output.writer).boxed()
        })
        .collect();
    Registry::default().with(layers.with_filter(filter_fn(move |event| is_on(level, event))))
}

/// Whether events like this are logged from `level` on.
fn is_on(level: LogLevel, event: &Metadata<'_>) -> bool {
    severity(event) >= level
}

/// etcd's level of an event. What is finer than debug counts as debug; h2's frames, which are, come
/// from builds for development alone.
fn severity(event: &Metadata<'_>) -> LogLevel {
    match (event.target(), *event.level()) {
        (FATAL | RUNTIME_FATAL, _) => LogLevel::Fatal,
        (PANIC, _) => LogLevel::Panic,
        (_, Level::ERROR) => LogLevel::Error,
        (_, Level::WARN) => LogLevel::Warn,
        (_, Level::INFO) => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// Logs why the process cannot go on.
pub fn fatal(message: impl std::fmt::Display) {
    tracing::error!(target: FATAL, "{message}");
}

/// Logs what was noticed before there was a log.
pub fn notices(notices: &[Notice]) {
    for notice in notices {
        if notice.warning {
            tracing::warn!("{}", notice.message);
        } else {
            tracing::info!("{}", notice.message);
        }
    }
}
