//! How much of the machine to use.

use super::error::Invalid;
use super::settings::Settings;
use super::within;
use crate::host::Host;

/// Most cores of a member. A mailbox joins every two of them, so the number counts squared.
const CORES_MAX: u64 = 256;

/// Most shards of a cluster.
const SHARDS_MAX: u64 = 1024;

/// Least memory for values in bytes: several of the largest requests.
const MEMORY_MIN: u64 = 16 << 20;

/// Share of the machine's memory that values may take when nothing is said. The rest is for keys,
/// the index (which cannot be evicted), requests and answers.
const MEMORY_SHARE: u64 = 4;

/// How much of the machine to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Pinned executors.
    pub cores: u16,
    /// Shards of a new cluster.
    pub shards: u16,
    /// Budget for values in memory, in bytes, over all cores.
    pub memory_bytes: u64,
}

pub(super) fn build(settings: &Settings, host: &Host) -> Result<Resources, Invalid> {
    let shards = within("shards", settings.uint("shards"), 1, SHARDS_MAX)?;
    Ok(Resources {
        cores: narrow(cores(settings, host)?),
        shards: narrow(shards),
        memory_bytes: memory(settings, host)?,
    })
}

/// A core without a CPU of its own would halve another's speed, unseen.
fn cores(settings: &Settings, host: &Host) -> Result<u64, Invalid> {
    let cores = settings.uint("cores");
    if cores == 0 {
        return Ok(host.cores().clamp(1, CORES_MAX));
    }
    let cores = within("cores", cores, 1, CORES_MAX)?;
    let allowed = host.cpus_allowed;
    if cores > allowed { Err(Invalid::Cores { cores, allowed }) } else { Ok(cores) }
}

fn memory(settings: &Settings, host: &Host) -> Result<u64, Invalid> {
    match settings.uint("memory") {
        0 => Ok((host.memory_bytes / MEMORY_SHARE).max(MEMORY_MIN)),
        bytes => within("memory", bytes, MEMORY_MIN, u64::MAX),
    }
}

/// For numbers that were found to be within bounds far below.
fn narrow(number: u64) -> u16 {
    const _: () = assert!(CORES_MAX <= u16::MAX as u64);
    const _: () = assert!(SHARDS_MAX <= u16::MAX as u64);
    u16::try_from(number).unwrap_or(u16::MAX)
}
