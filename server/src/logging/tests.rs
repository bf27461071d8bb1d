use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::*;
use crate::config::LogFormat;

/// Collects what is written to it.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `log` writes from `level` on.
fn lines(level: LogLevel, format: LogFormat, colours: bool, log: impl FnOnce()) -> Vec<String> {
    let buffer = Buffer::default();
    let copy = buffer.clone();
    let writer = BoxMakeWriter::new(move || copy.clone());
    let config = LogConfig { level, ..LogConfig::default() };
    let subscriber = subscriber(&config, vec![Output { format, colours, writer }]);
    tracing::subscriber::with_default(subscriber, log);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn json_lines_are_those_of_etcd() {
    let lines = lines(LogLevel::Info, LogFormat::Json, false, || {
        tracing::warn!(count = 3_u64, name = "a\"b", ratio = 0.5, ok = true, "two\nlines");
    });
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(line["level"], "warn");
    assert_eq!(line["msg"], "two\nlines");
    assert_eq!(line["count"], 3);
    assert_eq!(line["name"], "a\"b");
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["ok"], true);
    assert!(line["caller"].as_str().unwrap().starts_with("logging/tests.rs:"));
    let ts = line["ts"].as_str().unwrap();
    assert!(ts.len() == 27 && ts.ends_with('Z') && ts.contains('T'), "{ts}");
    let order: Vec<usize> =
        ["level", "ts", "caller", "msg"].iter().map(|key| lines[0].find(key).unwrap()).collect();
    assert!(order.is_sorted());
}

#[test]
fn levels_hide_what_is_below() {
    let count = |level| {
        lines(level, LogFormat::Json, false, || {
            tracing::info!("i");
            tracing::warn!("w");
            tracing::error!("e");
            tracing::error!(target: PANIC, "p");
            fatal("f");
        })
        .len()
    };
    let counts =
        [LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Panic, LogLevel::Fatal]
            .map(count);
    assert_eq!(counts, [5, 4, 3, 2, 1]);
}

#[test]
fn fatal_lines_say_so() {
    let lines = lines(LogLevel::Info, LogFormat::Json, false, || fatal("no \u{1} disk"));
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (line["level"].as_str(), line["msg"].as_str()),
        (Some("fatal"), Some("no \u{1} disk"))
    );
}

#[test]
fn console_lines_have_colours_on_terminals_only() {
    let plain =
        lines(LogLevel::Info, LogFormat::Console, false, || tracing::info!(port = 1, "ready"));
    assert!(plain[0].ends_with("info  ready port=1"), "{}", plain[0]);
    let coloured = lines(LogLevel::Info, LogFormat::Console, true, || tracing::info!("ready"));
    assert!(coloured[0].contains("\x1b[32minfo "), "{}", coloured[0]);
    let quoted =
        lines(LogLevel::Info, LogFormat::Console, false, || tracing::info!("{}", "\x1b[2J"));
    assert!(quoted[0].ends_with("\\u{1b}[2J"), "{}", quoted[0]);
}

#[test]
fn notices_keep_their_level() {
    let lines = lines(LogLevel::Info, LogFormat::Json, false, || {
        notices(&[Notice::warning("w"), Notice::info("i")]);
    });
    assert!(lines[0].contains("\"warn\"") && lines[1].contains("\"info\""));
}

#[test]
fn an_output_that_cannot_be_opened_names_its_path() {
    let outputs = vec![crate::config::LogOutput::File("/nowhere/log".into())];
    let error = output::open(&LogConfig { outputs, ..LogConfig::default() }).err().unwrap();
    assert!(error.to_string().contains("/nowhere/log"), "{error}");
}
