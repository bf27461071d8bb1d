//! The command line, by the rules of Go's flag package, which etcd's users know: one dash or two,
//! `-flag value` or `-flag=value`, and switches that mean true when they stand alone. Common parsers
//! take `-name` for five short flags, and none follows a table with treatments; hence our own.

use std::ffi::OsString;

use super::error::UsageError;
use super::option::{Kind, OptionSpec};
use super::settings::{Origin, Settings};
use super::table;
use super::value::Value;

/// What the command line asks for.
#[derive(Debug)]
pub enum CommandLine {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// Run the server.
    Serve {
        /// The flags.
        settings: Settings,
        /// `--config-file`.
        file: Option<String>,
    },
}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// The first argument that cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, UsageError> {
    let mut arguments = arguments.into_iter().map(unicode);
    let mut settings = Settings::default();
    let (mut file, mut version) = (None, false);
    while let Some(argument) = arguments.next() {
        let argument = argument?;
        let Some(flag) = Flag::split(&argument)? else {
            no_words(&argument, arguments.next())?;
            break;
        };
        match flag.name {
            "h" | "help" => return Ok(CommandLine::Help),
            "version" => version = flag.switch()?,
            "config-file" => file = Some(flag.text(&mut arguments)?),
            _ => flag.set(&mut settings, &mut arguments)?,
        }
    }
    Ok(if version { CommandLine::Version } else { CommandLine::Serve { settings, file } })
}

fn unicode(argument: OsString) -> Result<String, UsageError> {
    argument.into_string().map_err(|raw| UsageError::NotUnicode(raw.to_string_lossy().into_owned()))
}

/// Words that are no flags end the flags; none is expected, so any is an error.
fn no_words(argument: &str, next: Option<Result<String, UsageError>>) -> Result<(), UsageError> {
    match (argument, next) {
        ("--", None) => Ok(()),
        ("--", Some(next)) => Err(UsageError::Word(next?)),
        (word, _) => Err(UsageError::Word(word.to_owned())),
    }
}

/// A flag with the value that is part of its argument.
struct Flag<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Flag<'a> {
    /// Takes an argument apart; none when it is a plain word or the end of the flags.
    fn split(argument: &'a str) -> Result<Option<Self>, UsageError> {
        let Some(rest) = argument.strip_prefix('-') else { return Ok(None) };
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        if argument == "-" || argument == "--" {
            return Ok(None);
        }
        if rest.is_empty() || rest.starts_with(['-', '=']) {
            return Err(UsageError::Syntax(argument.to_owned()));
        }
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (rest, None),
        };
        Ok(Some(Self { name, value }))
    }

    fn set(
        &self,
        settings: &mut Settings,
        arguments: &mut impl Iterator<Item = Result<String, UsageError>>,
    ) -> Result<(), UsageError> {
        let option =
            table::find(self.name).ok_or_else(|| UsageError::Unknown(self.name.to_owned()))?;
        let text = if option.kind == Kind::Bool {
            self.value.unwrap_or("true").to_owned()
        } else {
            self.text(arguments)?
        };
        let value = self.parse(option, &text)?;
        settings.set(option, value, &text, Origin::Flag(option.name));
        Ok(())
    }

    /// The flag's value: in its own argument, or the next one, whatever that looks like.
    fn text(
        &self,
        arguments: &mut impl Iterator<Item = Result<String, UsageError>>,
    ) -> Result<String, UsageError> {
        match self.value {
            Some(value) => Ok(value.to_owned()),
            None => {
                arguments.next().ok_or_else(|| UsageError::NeedsArgument(self.name.to_owned()))?
            }
        }
    }

    fn parse(&self, option: &OptionSpec, text: &str) -> Result<Value, UsageError> {
        let (name, text) = (self.name.to_owned(), text.to_owned());
        Value::parse(option.kind, &text).map_err(|error| match option.kind {
            Kind::Bool => UsageError::Boolean { name, text, error },
            _ => UsageError::Value { name, text, error },
        })
    }

    /// The value of a switch that is not in the table.
    fn switch(&self) -> Result<bool, UsageError> {
        let text = self.value.unwrap_or("true");
        match Value::parse(Kind::Bool, text) {
            Ok(value) => Ok(value == Value::Bool(true)),
            Err(error) => Err(UsageError::Boolean {
                name: self.name.to_owned(),
                text: text.to_owned(),
                error,
            }),
        }
    }
}
