//! Tuning profiles: what was chosen for a machine or a kind of machine.
//!
//! A profile is a TOML file with a version. Every key of it switches something in the server; one
//! that is left out is decided when the server starts, by looking at the machine.

mod bounded;
mod built_in;
mod error;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};

use serde::Deserialize;
use toml::Spanned;

pub use bounded::{Bounded, PowerOfTwo};
pub use built_in::BUILT_IN;
pub use error::{LineError, ProfileError};

/// The version that this program reads and writes.
pub const VERSION: u64 = 1;

/// Largest profile that is read, in bytes.
const BYTES_MAX: u64 = 64 << 10;

/// What was chosen; `docs/operations/profiles.md` says what each key is good for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// [`VERSION`]; it is looked at before everything else.
    pub version: u64,
    /// Executors, each pinned to a CPU.
    pub cores: Option<Bounded<1, 256>>,
    /// CPUs that no executor is pinned to.
    pub leave_cpus: Option<Bounded<0, 255>>,
    /// Which CPUs executors are pinned to first.
    pub placement: Option<Placement>,
    /// Microseconds that a core without work polls before it parks.
    pub spin_us: Option<Bounded<0, 1000>>,
    /// How a batch is made durable.
    pub sync: Option<Sync>,
    /// Bytes of a segment of the log. Below, hints and padding outweigh the data; above, offsets of
    /// 32 bits would overflow.
    pub segment_bytes: Option<Bounded<{ 1 << 20 }, { 1 << 30 }, 4096>>,
    /// Most bytes of one write of the log; the engine hands it no larger batch than the upper bound.
    pub batch_bytes: Option<Bounded<{ 64 << 10 }, { 4 << 20 }>>,
    /// Reads of values on disk that one core has under way; the engine asks for no more.
    pub reads_in_flight: Option<Bounded<1, 128>>,
    /// Bytes of values in memory, over all cores.
    pub memory_bytes: Option<Bounded<{ 16 << 20 }, { i64::MAX as u64 }>>,
    /// Bytes of requests and answers in flight, over all cores: a few of the largest at least.
    pub in_flight_bytes: Option<Bounded<{ 64 << 20 }, { i64::MAX as u64 }>>,
    /// Bytes of a core's buffers for files that are registered with the kernel.
    pub io_memory_bytes: Option<PowerOfTwo<{ 64 << 10 }, { 64 << 20 }>>,
    /// Entries of a core's submission queues.
    pub ring_depth: Option<PowerOfTwo<32, 4096>>,
}

/// Which CPUs executors are pinned to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// One hardware thread of every physical core, before the second ones.
    Spread,
    /// Both threads of a physical core before the next one.
    Compact,
}

/// How a batch is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// Write, then `fdatasync`. It stays quick when the processors are busy.
    Fdatasync,
    /// Write to a file opened with `O_DSYNC`.
    Dsync,
}

impl Profile {
    /// Reads the profile built in under this name, or else the file of this path.
    ///
    /// # Errors
    /// There is neither, or it cannot be used.
    pub fn load(name_or_path: &str) -> Result<Self, ProfileError> {
        let text = match built_in::text(name_or_path) {
            Some(text) => text.to_owned(),
            None => read(name_or_path)?,
        };
        Self::parse(&text)
            .map_err(|line| ProfileError::Line { path: name_or_path.to_owned(), line })
    }

    /// Reads a profile's text.
    ///
    /// # Errors
    /// Another version, unknown keys, values of the wrong type or out of bounds.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        // A newer version may have keys that are unknown here; its number says more than they do.
        check_version(text)?;
        toml::from_str(text).map_err(|error| LineError::new(text, &error))
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: Option<Spanned<u64>>,
}

fn check_version(text: &str) -> Result<(), LineError> {
    let found: Versioned = toml::from_str(text).map_err(|error| LineError::new(text, &error))?;
    let Some(version) = found.version else {
        let message = format!("the version is missing: add the line `version = {VERSION}`");
        return Err(LineError::at(text, None, message));
    };
    let (span, version) = (version.span(), version.into_inner());
    if version == VERSION {
        return Ok(());
    }
    let advice = if version > VERSION { "use a newer braid, or " } else { "" };
    let message = format!(
        "this braid reads version {VERSION}; {advice}write the profile anew with `braid tune`"
    );
    Err(LineError::at(text, Some(span), message))
}

fn read(path: &str) -> Result<String, ProfileError> {
    let failed = |error: io::Error| ProfileError::Read {
        path: path.to_owned(),
        error,
        built_in: built_in::names(),
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let bytes = file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if bytes as u64 > BYTES_MAX {
        return Err(ProfileError::TooLarge { path: path.to_owned(), bytes_max: BYTES_MAX });
    }
    Ok(text)
}
