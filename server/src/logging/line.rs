//! How a log line looks.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::clock::Timestamp;
use super::severity;
use crate::config::{LogFormat, LogLevel};

/// Writes events as lines.
pub(super) struct Line {
    format: LogFormat,
    colours: bool,
}

impl Line {
    pub(super) fn new(format: LogFormat, colours: bool) -> Self {
        Self { format, colours }
    }

    fn json(&self, writer: &mut Writer<'_>, event: &Event<'_>, fields: &Fields) -> fmt::Result {
        let metadata = event.metadata();
        write!(
            writer,
            r#"{{"level":"{}","ts":"{}","caller":"{}","msg":{}"#,
            level_name(severity(metadata)),
            Timestamp::now(),
            Caller(metadata),
            Json(&fields.message),
        )?;
        for (name, value) in &fields.others {
            write!(writer, ",{}:{value}", Json(name))?;
        }
        writer.write_str("}\n")
    }

    fn console(&self, writer: &mut Writer<'_>, event: &Event<'_>, fields: &Fields) -> fmt::Result {
        let severity = severity(event.metadata());
        let (colour, plain) = if self.colours { (colour(severity), "\x1b[0m") } else { ("", "") };
        write!(writer, "{} {colour}{:5}{plain} ", Timestamp::now(), level_name(severity))?;
        write_for_terminal(writer, &fields.message)?;
        for (name, value) in &fields.others {
            write!(writer, " {name}={value}")?;
        }
        writer.write_char('\n')
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match self.format {
            LogFormat::Json => self.json(&mut writer, event, &fields),
            LogFormat::Console => self.console(&mut writer, event, &fields),
        }
    }
}

fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
        LogLevel::Panic => "panic",
        LogLevel::Fatal => "fatal",
    }
}

fn colour(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "\x1b[2m",
        LogLevel::Info => "\x1b[32m",
        LogLevel::Warn => "\x1b[33m",
        LogLevel::Error | LogLevel::Panic | LogLevel::Fatal => "\x1b[31m",
    }
}

/// Writes a text without what would steer a terminal: messages may quote what clients sent.
fn write_for_terminal(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|character| match character {
        '\n' | '\t' => writer.write_char(character),
        control if control.is_control() => write!(writer, "{}", control.escape_default()),
        other => writer.write_char(other),
    })
}

/// An event's message and its other fields, these as JSON.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Fields {
    fn push(&mut self, field: &Field, json: String) {
        self.others.push((field.name(), json));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.push(field, Json(&text).to_string());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Json(value).to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value.to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON knows no infinities and no NaN.
        let number = value.is_finite().then(|| value.to_string());
        self.push(field, number.unwrap_or_else(|| format!("\"{value}\"")));
    }
}

/// The last folder, file and line, as etcd's logger shortens them.
struct Caller<'a>(&'a Metadata<'a>);

impl fmt::Display for Caller<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.file().unwrap_or("unknown");
        let start = path.rmatch_indices('/').nth(1).map_or(0, |(index, _)| index + 1);
        write!(formatter, "{}:{}", &path[start..], self.0.line().unwrap_or(0))
    }
}

/// A text as a JSON string.
struct Json<'a>(&'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => formatter.write_str("\\\"")?,
                '\\' => formatter.write_str("\\\\")?,
                '\n' => formatter.write_str("\\n")?,
                '\r' => formatter.write_str("\\r")?,
                '\t' => formatter.write_str("\\t")?,
                control if control < ' ' => write!(formatter, "\\u{:04x}", u32::from(control))?,
                other => formatter.write_char(other)?,
            }
        }
        formatter.write_char('"')
    }
}
