//! Automatic compaction.

use std::time::Duration;

use super::duration;
use super::error::Invalid;
use super::settings::Settings;

/// What automatic compaction keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCompaction {
    /// Everything.
    Off,
    /// The history of this time.
    Periodic(Duration),
    /// This many revisions.
    Revision(i64),
}

const HOUR: u64 = 3600;

pub(super) fn build(settings: &Settings) -> Result<AutoCompaction, Invalid> {
    let retention = settings.text("auto-compaction-retention");
    match settings.text("auto-compaction-mode").as_str() {
        "periodic" => periodic(&retention),
        "revision" => revision(&retention),
        "" => Err(Invalid::NoCompactionMode),
        other => Err(Invalid::CompactionMode(other.to_owned())),
    }
}

/// A bare number counts hours; anything else is a duration.
fn periodic(text: &str) -> Result<AutoCompaction, Invalid> {
    let kept = match whole(text).and_then(|hours| hours.checked_mul(HOUR)) {
        Some(seconds) => Duration::from_secs(seconds),
        None => duration::parse(text).map_err(Invalid::CompactionRetention)?,
    };
    Ok(if kept.is_zero() { AutoCompaction::Off } else { AutoCompaction::Periodic(kept) })
}

fn revision(text: &str) -> Result<AutoCompaction, Invalid> {
    match whole(text).and_then(|count| i64::try_from(count).ok()) {
        Some(0) => Ok(AutoCompaction::Off),
        Some(count) => Ok(AutoCompaction::Revision(count)),
        None => Err(Invalid::CompactionRevisions(text.to_owned())),
    }
}

fn whole(text: &str) -> Option<u64> {
    text.parse().ok()
}
