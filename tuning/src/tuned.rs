//! What the server runs with, every value decided.

use std::time::Duration;

use braid_runtime::executors::Options;

use crate::host::Host;
use crate::profile::{Placement, Sync};

/// Most cores of a member. A mailbox joins every two of them, so the number counts squared.
pub const CORES_MAX: u16 = 256;

/// Least memory for values in bytes: several of the largest requests.
pub const MEMORY_BYTES_MIN: u64 = 16 << 20;

/// Share of the memory for values when nothing is said. The rest is for keys, the index (which
/// cannot be evicted), requests and answers.
const MEMORY_SHARE: u64 = 4;

/// Bytes of requests and answers in flight where there is memory enough.
const IN_FLIGHT_BYTES: u64 = 512 << 20;
/// But no larger share of the memory than this.
const IN_FLIGHT_SHARE: u64 = 8;
/// And never less than a few of the largest requests.
const IN_FLIGHT_BYTES_MIN: u64 = 64 << 20;

/// What the server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuned {
    /// Pinned executors.
    pub cores: u16,
    /// CPUs that none of them is pinned to.
    pub leave_cpus: u16,
    /// Which CPUs they are pinned to first.
    pub placement: Placement,
    /// How long a core without work polls before it parks.
    pub spin: Duration,
    /// How a batch is made durable.
    pub sync: Sync,
    /// Bytes of a segment of the log.
    pub segment_bytes: u32,
    /// Most bytes of one write of the log.
    pub batch_bytes: u32,
    /// Reads of values on disk that one core has under way.
    pub reads_in_flight: u32,
    /// Bytes of values in memory, over all cores.
    pub memory_bytes: u64,
    /// Bytes of requests and answers in flight, over all cores.
    pub in_flight_bytes: u64,
    /// Bytes of a core's buffers that are registered with the kernel.
    pub io_memory_bytes: usize,
    /// Entries of a core's submission queues.
    pub ring_depth: usize,
}

impl Tuned {
    /// Sane values for a machine of which nobody has said anything.
    #[must_use]
    pub fn for_host(host: &Host) -> Self {
        let cores = u16::try_from(host.cores()).unwrap_or(CORES_MAX).min(CORES_MAX);
        let options = Options::for_cores(cores.into());
        Self {
            cores,
            leave_cpus: 0,
            placement: Placement::Spread,
            spin: spin(host),
            // `braid_runtime::files::SyncMethod` says what was measured.
            sync: Sync::Fdatasync,
            segment_bytes: 16 << 20,
            batch_bytes: 4 << 20,
            reads_in_flight: 64,
            memory_bytes: (host.memory_bytes / MEMORY_SHARE).max(MEMORY_BYTES_MIN),
            in_flight_bytes: (host.memory_bytes / IN_FLIGHT_SHARE)
                .clamp(IN_FLIGHT_BYTES_MIN, IN_FLIGHT_BYTES),
            io_memory_bytes: options.io_memory,
            ring_depth: options.ring_depth,
        }
    }
}

/// A container's quota pays for every turn of a loop that looks for work; a machine of one's own
/// does not.
fn spin(host: &Host) -> Duration {
    match host.cpu_quota {
        Some(_) => Duration::ZERO,
        None => Duration::from_micros(20),
    }
}
