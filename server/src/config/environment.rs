//! Environment variables: `ETCD_DATA_DIR` for `--data-dir`, `BRAID_CORES` for `--cores`.

use std::ffi::OsString;

use super::error::ConfigError;
use super::settings::{Notice, Origin, Settings};
use super::table;
use super::value::Value;

/// The variables of an environment. Later entries shadow earlier ones nowhere: names are unique.
pub type Environment = [(OsString, OsString)];

/// Variables with our prefixes that are no options: the first names the file (see
/// [`config_file`]), the second is what etcd wants to see on rare processors.
const KNOWN: [&str; 2] = ["ETCD_CONFIG_FILE", "ETCD_UNSUPPORTED_ARCH"];

/// The file that `ETCD_CONFIG_FILE` names.
#[must_use]
pub fn config_file(environment: &Environment) -> Option<String> {
    lookup(environment, "ETCD_CONFIG_FILE")
}

/// Adds the environment's values to those of the command line.
///
/// # Errors
/// A variable whose flag is set too, or whose value its option cannot take.
pub fn apply(
    environment: &Environment,
    settings: &mut Settings,
) -> Result<Vec<Notice>, ConfigError> {
    let conflict = table::all()
        .filter(|option| settings.is_set(option.name))
        .map(|option| option.variable())
        .find(|variable| environment.iter().any(|(name, _)| name.to_str() == Some(variable)));
    if let Some(variable) = conflict {
        return Err(ConfigError::Conflict(variable));
    }
    let mut notices = Vec::new();
    for option in table::all() {
        let variable = option.variable();
        let Some(text) = lookup(environment, &variable) else { continue };
        let value = Value::parse(option.kind, &text).map_err(|error| ConfigError::Variable {
            variable: variable.clone(),
            text: text.clone(),
            error,
        })?;
        notices.push(Notice::info(format!("recognized and used environment variable {variable}")));
        settings.set(option, value, &text, Origin::Variable(variable));
    }
    notices.extend(environment.iter().filter_map(unrecognized));
    Ok(notices)
}

/// A variable's value. An empty one counts as not set, as in etcd.
fn lookup(environment: &Environment, variable: &str) -> Option<String> {
    let (_, value) = environment.iter().find(|(name, _)| name.to_str() == Some(variable))?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

/// A warning about a variable that looks as if it were meant for us. Its value stays out of the
/// log: nobody knows what it holds.
fn unrecognized((name, _): &(OsString, OsString)) -> Option<Notice> {
    let name = name.to_str()?;
    let ours = name.starts_with("ETCD_") || name.starts_with("BRAID_");
    let known = KNOWN.contains(&name) || table::all().any(|option| option.variable() == name);
    (ours && !known).then(|| Notice::warning(format!("unrecognized environment variable {name}")))
}
