//! Tuning profiles: what depends on the hardware and not on the service.

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;

use super::error::Invalid;
use super::settings::Settings;

/// Largest profile that is read, in bytes.
const SIZE_MAX: u64 = 64 << 10;

/// Bounds of `segment-bytes`. Below, hints and padding outweigh the data; above, 32-bit offsets in
/// a segment would overflow.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 1 << 20..=1 << 30;

/// What segments must be whole multiples of, in bytes: the largest block of common disks.
const SEGMENT_ALIGNMENT: u64 = 4096;

/// Longest time to spin, in microseconds: longer than a wake-up is never worth it.
const SPIN_US_MAX: u64 = 1000;

/// What was tuned for this hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How a batch is made durable.
    pub sync: Sync,
    /// Size of a segment of the log.
    pub segment_bytes: u64,
    /// How long a core without work looks for more before it sleeps.
    pub spin: Duration,
}

/// How a batch is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// Write, then `fdatasync`. The default: it stays quick when the processors are busy.
    Fdatasync,
    /// Write to a file opened with `O_DSYNC`: less processor time where processors are idle.
    Dsync,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Keys {
    sync: Sync,
    segment_bytes: u64,
    spin_us: u64,
}

impl Default for Keys {
    fn default() -> Self {
        // `SyncMethod` says what was measured.
        Self { sync: Sync::Fdatasync, segment_bytes: 16 << 20, spin_us: 20 }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::from_keys(&Keys::default())
    }
}

impl Profile {
    fn from_keys(keys: &Keys) -> Self {
        let spin = Duration::from_micros(keys.spin_us);
        Self { sync: keys.sync, segment_bytes: keys.segment_bytes, spin }
    }

    /// Reads a profile's text.
    ///
    /// # Errors
    /// Unknown keys, values of the wrong type or out of bounds, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keys: Keys = toml::from_str(text).map_err(|error| error.to_string())?;
        if !SEGMENT_BYTES.contains(&keys.segment_bytes)
            || !keys.segment_bytes.is_multiple_of(SEGMENT_ALIGNMENT)
        {
            return Err(format!(
                "segment-bytes = {} must be a multiple of {SEGMENT_ALIGNMENT} from {} to {}",
                keys.segment_bytes,
                SEGMENT_BYTES.start(),
                SEGMENT_BYTES.end()
            ));
        }
        if keys.spin_us > SPIN_US_MAX {
            return Err(format!("spin-us = {} must be at most {SPIN_US_MAX}", keys.spin_us));
        }
        Ok(Self::from_keys(&keys))
    }
}

pub(super) fn build(settings: &Settings) -> Result<Profile, Invalid> {
    let path = settings.text("profile");
    if path.is_empty() {
        return Ok(Profile::default());
    }
    read(&path)
        .map_err(|error| error.to_string())
        .and_then(|text| Profile::parse(&text))
        .map_err(|error| Invalid::Profile { path, error })
}

fn read(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(SIZE_MAX).read_to_string(&mut text)?;
    Ok(text)
}
