//! How much of the machine to use, and how: options win over the profile, and that over what the
//! machine suggests.

use braid_tuning::fit::fit;
use braid_tuning::host::Host;
use braid_tuning::profile::Profile;
use braid_tuning::tuned::{CORES_MAX, MEMORY_BYTES_MIN, Tuned};

use super::error::Invalid;
use super::limits::Limits;
use super::settings::{Notice, Settings};
use super::within;

/// Most shards of a cluster.
const SHARDS_MAX: u64 = 1024;

/// A segment holds at least so many of the largest entries.
const ENTRIES_PER_SEGMENT: u32 = 4;

pub(super) fn shards(settings: &Settings) -> Result<u16, Invalid> {
    const _: () = assert!(SHARDS_MAX <= u16::MAX as u64);
    let shards = within("shards", settings.uint("shards"), 1, SHARDS_MAX)?;
    Ok(u16::try_from(shards).unwrap_or(u16::MAX))
}

pub(super) fn build(
    settings: &Settings,
    limits: &Limits,
    host: &Host,
    notices: &mut Vec<Notice>,
) -> Result<Tuned, Invalid> {
    let mut profile = profile(settings)?;
    let memory = memory(settings)?;
    if memory.is_some() {
        profile.memory_bytes = None;
    }
    let (mut tuned, mut misfits) = fit(&profile, host, cores(settings, host)?);
    tuned.memory_bytes = memory.unwrap_or(tuned.memory_bytes);
    let asked = profile.segment_bytes.is_some();
    misfits.extend(grow_segments(&mut tuned, limits).filter(|_| asked));
    let warn =
        |misfit| Notice::warning(format!("--profile={}: {misfit}", settings.text("profile")));
    notices.extend(misfits.into_iter().map(warn));
    Ok(tuned)
}

fn profile(settings: &Settings) -> Result<Profile, Invalid> {
    match settings.text("profile").as_str() {
        "" => Ok(Profile::default()),
        name => Profile::load(name).map_err(|error| Invalid::Profile(error.to_string())),
    }
}

/// The cores that are insisted on. One without a CPU of its own would halve another's speed, unseen.
fn cores(settings: &Settings, host: &Host) -> Result<Option<u16>, Invalid> {
    let cores = settings.uint("cores");
    if cores == 0 {
        return Ok(None);
    }
    let cores = within("cores", cores, 1, CORES_MAX.into())?;
    let allowed = host.cpus_allowed;
    if cores > allowed {
        return Err(Invalid::Cores { cores, allowed });
    }
    Ok(u16::try_from(cores).ok())
}

fn memory(settings: &Settings) -> Result<Option<u64>, Invalid> {
    match settings.uint("memory") {
        0 => Ok(None),
        bytes => within("memory", bytes, MEMORY_BYTES_MIN, u64::MAX).map(Some),
    }
}

/// Makes segments large enough for several of the largest entries; what to say when they were not.
fn grow_segments(tuned: &mut Tuned, limits: &Limits) -> Option<String> {
    let (asked, least) = (tuned.segment_bytes, ENTRIES_PER_SEGMENT * limits.entry_bytes_max());
    tuned.segment_bytes = asked.max(least);
    (asked < least).then(|| {
        format!(
            "segment-bytes = {asked} is too small for requests of {} bytes; {least} is used",
            limits.request_bytes_max
        )
    })
}
