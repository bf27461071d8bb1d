//! The configuration file: YAML or JSON with the flags' names as keys, and etcd's nested sections.
//!
//! As in etcd, durations are whole nanoseconds, an empty value leaves the default, and unknown keys
//! at the top do not stop the server (but are warned about). In sections about security an unknown
//! key does stop it.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use saphyr::{LoadableYamlNode, Scalar, Yaml};

use super::error::FileError;
use super::option::{Kind, OptionSpec};
use super::settings::{Notice, Origin, Settings};
use super::table;
use super::value::{Value, ValueError};

/// Largest file that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// Sections whose keys are options with a prefix.
const SECTIONS: [(&str, &str); 4] = [
    ("client-transport-security", ""),
    ("peer-transport-security", "peer-"),
    ("socket-options", "socket-"),
    ("discovery-config", "discovery-"),
];

/// Keys of sections that are called otherwise as flags, with the section's prefix in front.
const SECTION_KEYS: [(&str, &str); 3] = [
    ("allowed-hostname", "client-cert-allowed-hostname"),
    ("peer-allowed-hostname", "peer-cert-allowed-hostname"),
    ("peer-allowed-cn", "peer-cert-allowed-cn"),
];

/// Reads the file at `path`.
///
/// # Errors
/// The file cannot be read, or a value is not of its option's kind.
pub fn read(path: &str) -> Result<(Settings, Vec<Notice>), FileError> {
    let mut text = String::new();
    File::open(path)?.take(SIZE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > SIZE_MAX {
        return Err(FileError::TooLarge(SIZE_MAX));
    }
    parse(&text)
}

/// Reads the file's content.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str) -> Result<(Settings, Vec<Notice>), FileError> {
    let documents =
        Yaml::load_from_str(text).map_err(|error| FileError::Syntax(error.to_string()))?;
    let mut reader = Reader { settings: Settings::default(), notices: Vec::new() };
    match documents.first() {
        None | Some(Yaml::Value(Scalar::Null)) => {}
        Some(Yaml::Mapping(keys)) => {
            for (key, value) in keys {
                reader.top(&key_text(key)?, value)?;
            }
        }
        Some(_) => return Err(FileError::NoMapping),
    }
    Ok((reader.settings, reader.notices))
}

fn key_text(key: &Yaml<'_>) -> Result<String, FileError> {
    key.as_str().map(str::to_owned).ok_or(FileError::NoMapping)
}

struct Reader {
    settings: Settings,
    notices: Vec<Notice>,
}

impl Reader {
    fn top(&mut self, key: &str, value: &Yaml<'_>) -> Result<(), FileError> {
        if let Some((_, prefix)) = SECTIONS.iter().find(|(section, _)| *section == key) {
            return self.section(key, prefix, value);
        }
        match table::find(key) {
            Some(option) => self.set(option, key, value),
            None => {
                self.notices.push(Notice::warning(format!(
                    "unknown key `{key}` in the configuration file is ignored"
                )));
                Ok(())
            }
        }
    }

    fn section(&mut self, section: &str, prefix: &str, value: &Yaml<'_>) -> Result<(), FileError> {
        if is_empty(value) {
            return Ok(());
        }
        let keys = value.as_mapping().ok_or_else(|| FileError::NoSection(section.to_owned()))?;
        for (key, value) in keys {
            let key = key_text(key)?;
            let path = format!("{section}.{key}");
            match find_in_section(prefix, &key) {
                Some(option) => self.set(option, &path, value)?,
                None if is_empty(value) => {}
                None => return Err(FileError::UnknownInSection(path)),
            }
        }
        Ok(())
    }

    fn set(
        &mut self,
        option: &'static OptionSpec,
        key: &str,
        yaml: &Yaml<'_>,
    ) -> Result<(), FileError> {
        if is_empty(yaml) && !yaml.is_boolean() {
            return Ok(());
        }
        let error = |error| FileError::Value { key: key.to_owned(), error };
        let text = scalar_text(yaml).map_err(error)?;
        let value = typed(option.kind, yaml, &text).map_err(error)?;
        self.settings.set(option, value, &text, Origin::File(key.to_owned()));
        Ok(())
    }
}

fn find_in_section(prefix: &str, key: &str) -> Option<&'static OptionSpec> {
    let full =
        if key.starts_with("discovery-") { key.to_owned() } else { format!("{prefix}{key}") };
    let renamed = SECTION_KEYS.iter().find(|(from, _)| *from == full).map(|(_, to)| *to);
    table::find(renamed.unwrap_or(&full))
}

/// Whether a value says nothing: null, an empty text, list or mapping, or false.
fn is_empty(value: &Yaml<'_>) -> bool {
    match value {
        Yaml::Value(Scalar::Null | Scalar::Boolean(false)) => true,
        Yaml::Value(Scalar::String(text)) => text.is_empty(),
        Yaml::Sequence(items) => items.is_empty(),
        Yaml::Mapping(keys) => keys.is_empty(),
        _ => false,
    }
}

/// A scalar, or a list of scalars joined by commas, as text.
fn scalar_text(yaml: &Yaml<'_>) -> Result<String, ValueError> {
    match yaml {
        Yaml::Value(Scalar::Boolean(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::Integer(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::FloatingPoint(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::String(text)) => Ok(text.to_string()),
        Yaml::Value(Scalar::Null) => Ok(String::new()),
        Yaml::Sequence(items) => {
            Ok(items.iter().map(scalar_text).collect::<Result<Vec<_>, _>>()?.join(","))
        }
        _ => Err(ValueError::new("neither a scalar nor a list of them", "give one value")),
    }
}

/// The value of a scalar. As in etcd, a number is not taken from a quoted text.
fn typed(kind: Kind, yaml: &Yaml<'_>, text: &str) -> Result<Value, ValueError> {
    match kind {
        Kind::Duration => match yaml {
            Yaml::Value(Scalar::Integer(number)) => nanoseconds(*number),
            _ => Err(ValueError::new(
                format!("{text:?} is no whole number"),
                "in the file durations are whole nanoseconds, for example 5000000000 for 5s",
            )),
        },
        Kind::Int | Kind::Uint | Kind::Uint32 if yaml.as_integer().is_none() => {
            Err(ValueError::new(format!("{text:?} is no whole number"), "write it without quotes"))
        }
        Kind::Bool => parsed(kind, yes_or_no(text)),
        _ => parsed(kind, text),
    }
}

fn parsed(kind: Kind, text: &str) -> Result<Value, ValueError> {
    Value::parse(kind, text)
        .map_err(|error| ValueError::new(format!("{text:?}: {}", error.reason), error.advice))
}

/// YAML 1.1, which etcd reads, has more words for true and false.
fn yes_or_no(text: &str) -> &str {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" => "true",
        "no" | "off" => "false",
        _ => text,
    }
}

fn nanoseconds(number: i64) -> Result<Value, ValueError> {
    u64::try_from(number)
        .map(|number| Value::Duration(Duration::from_nanos(number)))
        .map_err(|_| ValueError::new("below zero", "give 0 or more nanoseconds"))
}
