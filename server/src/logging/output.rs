//! Where log lines go, and which format suits that.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::LogError;
use crate::config::{LogConfig, LogFormat, LogOutput};

/// An open output.
pub(super) struct Output {
    pub(super) format: LogFormat,
    pub(super) colours: bool,
    pub(super) writer: BoxMakeWriter,
}

pub(super) fn open(config: &LogConfig) -> Result<Vec<Output>, LogError> {
    config.outputs.iter().map(|output| open_one(output, config.format)).collect()
}

fn open_one(output: &LogOutput, format: Option<LogFormat>) -> Result<Output, LogError> {
    let (terminal, writer) = match output {
        LogOutput::Stderr => (io::stderr().is_terminal(), BoxMakeWriter::new(io::stderr)),
        LogOutput::Stdout => (io::stdout().is_terminal(), BoxMakeWriter::new(io::stdout)),
        LogOutput::File(path) => (false, file(path)?),
    };
    let fitting = if terminal { LogFormat::Console } else { LogFormat::Json };
    let format = format.unwrap_or(fitting);
    Ok(Output { format, colours: terminal && format == LogFormat::Console, writer })
}

fn file(path: &Path) -> Result<BoxMakeWriter, LogError> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(|error| LogError { path: path.to_owned(), error })?;
    Ok(BoxMakeWriter::new(Mutex::new(file)))
}
