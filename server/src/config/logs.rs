//! Where and how to log.

use std::path::PathBuf;

use super::error::Invalid;
use super::settings::{Notice, Settings};

/// Where and how to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Lowest level that is logged.
    pub level: LogLevel,
    /// The format; none lets the output decide: readable on a terminal, JSON elsewhere.
    pub format: Option<LogFormat>,
    /// All get every line.
    pub outputs: Vec<LogOutput>,
}

/// etcd's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
    Panic,
    Fatal,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// For people.
    Console,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// The end of this file.
    File(PathBuf),
}

impl Default for LogConfig {
    /// Before the configuration is known.
    fn default() -> Self {
        Self { level: LogLevel::Info, format: None, outputs: vec![LogOutput::Stderr] }
    }
}

pub(super) fn build(settings: &Settings, notices: &mut Vec<Notice>) -> Result<LogConfig, Invalid> {
    let logger = settings.text("logger");
    if logger != "zap" {
        return Err(Invalid::Logger(logger));
    }
    let format = format(settings.text("log-format"))?;
    Ok(LogConfig {
        level: level(settings.text("log-level"), notices)?,
        format: settings.is_set("log-format").then_some(format),
        outputs: outputs(&settings.strings("log-outputs"), notices)?,
    })
}

fn format(text: String) -> Result<LogFormat, Invalid> {
    match text.as_str() {
        "json" | "" => Ok(LogFormat::Json),
        "console" => Ok(LogFormat::Console),
        _ => Err(Invalid::LogFormat(text)),
    }
}

fn level(text: String, notices: &mut Vec<Notice>) -> Result<LogLevel, Invalid> {
    Ok(match text.as_str() {
        "debug" => {
            if !cfg!(debug_assertions) {
                notices.push(Notice::warning(
                    "--log-level=debug logs no more than info: release builds leave debug lines out for speed",
                ));
            }
            LogLevel::Debug
        }
        "info" | "" => LogLevel::Info,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        "panic" | "dpanic" => LogLevel::Panic,
        "fatal" => LogLevel::Fatal,
        _ => return Err(Invalid::LogLevel(text)),
    })
}

fn outputs(names: &[String], notices: &mut Vec<Notice>) -> Result<Vec<LogOutput>, Invalid> {
    if names.len() > 1 && names.iter().any(|name| name == "default") {
        return Err(Invalid::LogOutputs);
    }
    let mut outputs: Vec<LogOutput> = names.iter().map(|name| output(name, notices)).collect();
    outputs.dedup();
    if outputs.is_empty() {
        outputs.push(LogOutput::Stderr);
    }
    Ok(outputs)
}

fn output(name: &str, notices: &mut Vec<Notice>) -> LogOutput {
    match name {
        "default" | "stderr" => LogOutput::Stderr,
        "stdout" => LogOutput::Stdout,
        "systemd/journal" => {
            notices.push(Notice::warning(
                "--log-outputs=systemd/journal: lines go to standard error, which systemd puts into the journal",
            ));
            LogOutput::Stderr
        }
        path => LogOutput::File(PathBuf::from(path)),
    }
}
