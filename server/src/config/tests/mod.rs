//! Tests of the configuration as a whole; those of one piece stand beside it.

mod command_line;
mod environment;
mod file;
mod meaning;
mod table;
mod treatment;

use std::ffi::OsString;

use braid_tuning::host::Host;

use super::error::ConfigError;
use super::settings::Notice;
use super::{Config, Startup, load};

/// A machine with 4 CPUs and 8 GiB.
const HOST: Host =
    Host { cpus_allowed: 4, cpu_quota: None, memory_bytes: 8 << 30, memlock_bytes: Some(8 << 20) };

fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Startup, ConfigError> {
    let environment: Vec<(OsString, OsString)> =
        environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    load(arguments.iter().map(OsString::from), &environment, &HOST)
}

fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> (Config, Vec<Notice>) {
    match start(arguments, environment) {
        Ok(Startup::Serve(config, notices)) => (*config, notices),
        other => panic!("{arguments:?} {environment:?}: {other:?}"),
    }
}

fn config(arguments: &[&str]) -> Config {
    serve(arguments, &[]).0
}

fn warnings(arguments: &[&str]) -> Vec<String> {
    warning_texts(serve(arguments, &[]).1)
}

fn warning_texts(notices: Vec<Notice>) -> Vec<String> {
    notices.into_iter().filter(|notice| notice.warning).map(|notice| notice.message).collect()
}

fn error(arguments: &[&str]) -> ConfigError {
    start(arguments, &[]).expect_err(&format!("{arguments:?}"))
}

/// Asserts that starting with `arguments` fails with `code` and a text that begins with `text`.
#[track_caller]
fn refused(arguments: &[&str], code: u8, text: &str) {
    let error = error(arguments);
    assert!(error.to_string().starts_with(text), "{arguments:?}: {error}\nwanted: {text}");
    assert_eq!(error.exit_code(), code, "{error}");
}
