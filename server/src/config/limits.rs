//! Limits on requests, data and connections, and the times that follow from elections.

use std::time::Duration;

use braid_storage::limits::MAX_PAYLOAD_BYTES;

use super::error::Invalid;
use super::settings::{Notice, Settings};
use super::within;

/// What an unset quota means, in bytes; etcd's.
const QUOTA_DEFAULT: i64 = 2 << 30;

/// From here on etcd advises against a quota, in bytes.
const QUOTA_ADVISED_MAX: i64 = 8 << 30;

/// From here on etcd advises against a request size, in bytes.
const REQUEST_ADVISED_MAX: u64 = 10 << 20;

/// Largest request size that is taken, in bytes: requests travel and are stored whole.
const REQUEST_MAX: u64 = 32 << 20;

/// Longest election timeout in milliseconds; etcd's.
const ELECTION_MS_MAX: u64 = 50_000;

/// Limits on what clients may send and keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most operations in a transaction.
    pub txn_ops_max: u64,
    /// Largest request in bytes.
    pub request_bytes_max: u64,
    /// Most streams that a client may have open on a connection.
    pub concurrent_streams_max: u32,
    /// Largest size of the data in bytes, as Status shows it; below 0 for no quota, never 0.
    pub quota_bytes: i64,
}

impl Limits {
    /// Bytes of the largest entry of the log: a request of the largest size alone, with what its
    /// record adds.
    #[must_use]
    pub fn entry_bytes_max(&self) -> u32 {
        const RECORD_BYTES: u64 = 64 << 10;
        let largest = self.request_bytes_max + RECORD_BYTES;
        u32::try_from(largest).unwrap_or(u32::MAX).clamp(2 << 20, MAX_PAYLOAD_BYTES)
    }
}

/// How connections are kept alive and policed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Shortest time between a client's pings.
    pub min_time: Duration,
    /// Time after which an idle client is pinged; none for never.
    pub interval: Option<Duration>,
    /// Time that it has to answer; none for ever.
    pub timeout: Option<Duration>,
}

pub(super) fn build(settings: &Settings, notices: &mut Vec<Notice>) -> Result<Limits, Invalid> {
    let request_bytes_max =
        within("max-request-bytes", settings.uint("max-request-bytes"), 1, REQUEST_MAX)?;
    if request_bytes_max > REQUEST_ADVISED_MAX {
        notices.push(Notice::warning(format!(
            "--max-request-bytes={request_bytes_max} exceeds the recommended {REQUEST_ADVISED_MAX}"
        )));
    }
    let streams = settings.uint("max-concurrent-streams");
    Ok(Limits {
        txn_ops_max: settings.uint("max-txn-ops"),
        request_bytes_max,
        concurrent_streams_max: u32::try_from(streams).unwrap_or(u32::MAX),
        quota_bytes: quota(settings.int("quota-backend-bytes"), notices),
    })
}

fn quota(bytes: i64, notices: &mut Vec<Notice>) -> i64 {
    if bytes == 0 {
        return QUOTA_DEFAULT;
    }
    if bytes > 0 {
        notices.push(Notice::warning(format!(
            "--quota-backend-bytes={bytes} is shown but not enforced yet: writes go on past it until the disk is full"
        )));
    }
    if bytes > QUOTA_ADVISED_MAX {
        notices.push(Notice::warning(format!(
            "--quota-backend-bytes={bytes} exceeds the {QUOTA_ADVISED_MAX} that etcd recommends"
        )));
    }
    bytes
}

pub(super) fn keepalive(settings: &Settings) -> Keepalive {
    let unless_zero = |name| Some(settings.duration(name)).filter(|time| !time.is_zero());
    Keepalive {
        min_time: settings.duration("grpc-keepalive-min-time"),
        interval: unless_zero("grpc-keepalive-interval"),
        timeout: unless_zero("grpc-keepalive-timeout"),
    }
}

/// Shortest time to live of a lease in seconds: one and a half election timeouts in whole
/// heartbeats, as in etcd, so that a change of leader leaves time for a keepalive.
pub(super) fn lease_ttl_min(settings: &Settings) -> Result<i64, Invalid> {
    let heartbeat = settings.uint("heartbeat-interval");
    let election = settings.uint("election-timeout");
    check_election(heartbeat, election)?;
    let milliseconds = (3 * (election / heartbeat) / 2) * heartbeat;
    Ok(i64::try_from(milliseconds.div_ceil(1000)).unwrap_or(i64::MAX))
}

fn check_election(heartbeat: u64, election: u64) -> Result<(), Invalid> {
    if heartbeat == 0 {
        return Err(Invalid::Heartbeat(heartbeat));
    }
    if election == 0 {
        return Err(Invalid::Election(election));
    }
    if heartbeat.saturating_mul(5) > election {
        return Err(Invalid::ElectionTooShort { election, heartbeat });
    }
    if election > ELECTION_MS_MAX {
        return Err(Invalid::ElectionTooLong(election));
    }
    Ok(())
}
