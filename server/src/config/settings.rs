//! The values that were given, wherever they came from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::error::ConfigError;
use super::option::{OptionSpec, Treatment};
use super::table;
use super::url::Url;
use super::value::Value;

/// Where a value comes from; as text it is what the user would look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line's flag of this name.
    Flag(&'static str),
    /// This environment variable.
    Variable(String),
    /// This key of the configuration file.
    File(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "--{name}"),
            Self::Variable(name) => formatter.write_str(name),
            Self::File(key) => write!(formatter, "{key} (in the configuration file)"),
        }
    }
}

/// Something to log once there is a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether it is a warning; otherwise it is information.
    pub warning: bool,
    /// The text.
    pub message: String,
}

impl Notice {
    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { warning: true, message: message.into() }
    }

    /// An information.
    pub fn info(message: impl Into<String>) -> Self {
        Self { warning: false, message: message.into() }
    }
}

/// The values that were given. What was not given has the table's default.
#[derive(Debug, Default)]
pub struct Settings {
    given: BTreeMap<&'static str, Given>,
}

#[derive(Debug)]
struct Given {
    option: &'static OptionSpec,
    value: Value,
    text: String,
    origin: Origin,
}

impl Settings {
    /// Records a value; `text` is how the user wrote it. An old name sets the new option. The last
    /// value counts.
    pub fn set(&mut self, option: &'static OptionSpec, value: Value, text: &str, origin: Origin) {
        let given = Given { option, value, text: text.to_owned(), origin };
        self.given.insert(table::target(option).name, given);
    }

    /// Whether a value was given.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Whether a value was given, and not by the configuration file.
    #[must_use]
    pub fn is_set_outside_file(&self, name: &str) -> bool {
        self.given.get(name).is_some_and(|given| !matches!(given.origin, Origin::File(_)))
    }

    /// Refuses what must not be ignored, and tells about what is.
    ///
    /// # Errors
    /// The first option that is refused.
    pub fn review(&self) -> Result<Vec<Notice>, ConfigError> {
        let mut notices = Vec::new();
        for given in self.given.values() {
            if let Treatment::Renamed(new) = given.option.treatment {
                notices
                    .push(Notice::warning(format!("{} is an old name; use {new}", given.origin)));
            }
            notices.extend(given.review()?);
        }
        Ok(notices)
    }

    /// The value of an option.
    ///
    /// # Panics
    /// When the table does not have the option or its default is not of its kind.
    fn value(&self, name: &str) -> Value {
        if let Some(given) = self.given.get(name) {
            return given.value.clone();
        }
        let option = table::find(name).expect("options are asked for by the table's names");
        Value::parse(option.kind, option.default).expect("the table's defaults are of their kind")
    }

    /// The value of an option of the kinds `Uint`, `Uint32` and `Size`.
    #[must_use]
    pub fn uint(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Uint(number) => number,
            other => wrong_kind(name, &other),
        }
    }

    /// The value of an option of the kind `Int`.
    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Value::Int(number) => number,
            other => wrong_kind(name, &other),
        }
    }

    /// The value of an option of the kind `Duration`.
    #[must_use]
    pub fn duration(&self, name: &str) -> Duration {
        match self.value(name) {
            Value::Duration(duration) => duration,
            other => wrong_kind(name, &other),
        }
    }

    /// The value of an option of the kinds `Text` and `Choice`.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        match self.value(name) {
            Value::Text(text) => text,
            other => wrong_kind(name, &other),
        }
    }

    /// The value of an option of the kind `Strings`.
    #[must_use]
    pub fn strings(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Value::Strings(strings) => strings,
            other => wrong_kind(name, &other),
        }
    }

    /// The value of an option of the kind `Urls`.
    #[must_use]
    pub fn urls(&self, name: &str) -> Vec<Url> {
        match self.value(name) {
            Value::Urls(urls) => urls,
            other => wrong_kind(name, &other),
        }
    }
}

impl Given {
    fn review(&self) -> Result<Option<Notice>, ConfigError> {
        let target = table::target(self.option);
        if Value::parse(target.kind, target.default).as_ref() == Ok(&self.value) {
            return Ok(None);
        }
        match target.treatment {
            Treatment::Harmless(why) => {
                Ok(Some(Notice::warning(format!("{} has no effect: {why}", self.origin))))
            }
            Treatment::Refused(reason) => Err(ConfigError::Refused {
                origin: self.origin.clone(),
                text: self.text.clone(),
                reason,
            }),
            Treatment::Used | Treatment::Renamed(_) => Ok(None),
        }
    }
}

fn wrong_kind(name: &str, value: &Value) -> ! {
    panic!("the table and its reader disagree about the kind of {name}: it holds {value:?}")
}
