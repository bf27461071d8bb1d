//! Which values suit the machine, and why.

use std::time::Duration;

use braid_runtime::files::Access;

use super::facts::Facts;
use super::units::{bytes, rate, time};
use crate::disk::{Step, Times};
use crate::profile::Sync;
use crate::tuned::Tuned;

/// A key of the profile with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The key.
    pub key: &'static str,
    /// The value as it stands in the profile.
    pub value: String,
    /// What speaks for it, in one line.
    pub why: String,
}

impl Choice {
    fn new(key: &'static str, value: impl ToString, why: impl Into<String>) -> Self {
        Self { key, value: value.to_string(), why: why.into() }
    }
}

/// From so many CPUs on one is left to interrupts, and one more for each further 32.
const CPUS_TO_LEAVE_ONE: u64 = 8;
/// Syncs that take longer than this hide a wake-up, which takes 60 to 110 us.
const SLOW_SYNC: Duration = Duration::from_micros(300);
/// A rate below this part of another is less; above, it may be noise.
const CLEARLY_LESS: f64 = 0.8;
/// The time that zeroing a segment may take, so that the log's next one is there in time.
const SEGMENT_TIME: Duration = Duration::from_millis(200);
/// The time that a batch may take to be transferred, beside its sync.
const BATCH_TIME: Duration = Duration::from_millis(10);
/// The part of the free space that one segment of each core may take.
const SEGMENT_SPACE_SHARE: u64 = 16;
/// Bytes of one sequential write that was timed.
const CHUNK_BYTES: f64 = 1_048_576.0;

/// A value for every key of a profile.
#[must_use]
pub fn choose(facts: &Facts) -> Vec<Choice> {
    let leave = leave_cpus(facts);
    let cores = facts.host.cores().min(facts.host.cpus_allowed.saturating_sub(leave)).max(1);
    let mut choices = vec![
        cores_choice(facts, cores),
        leave_choice(leave),
        placement(facts),
        spin(facts, cores),
        sync(facts),
        segment(facts, cores),
        batch(facts),
        reads(facts),
    ];
    choices.extend(memory(facts));
    choices
}

fn leave_cpus(facts: &Facts) -> u64 {
    let cpus = facts.host.cpus_allowed;
    if facts.host.cpu_quota.is_some() || cpus < CPUS_TO_LEAVE_ONE { 0 } else { 1 + cpus / 32 }
}

fn cores_choice(facts: &Facts, cores: u64) -> Choice {
    let quota = match facts.host.cpu_quota {
        Some(quota) => format!(", and a quota of {quota}"),
        None => String::new(),
    };
    Choice::new("cores", cores, format!("{} CPUs to run on{quota}", facts.host.cpus_allowed))
}

fn leave_choice(leave: u64) -> Choice {
    let why = match leave {
        0 => "few CPUs, or a quota: interrupts share them",
        _ => "interrupts and the kernel have CPUs of their own",
    };
    Choice::new("leave-cpus", leave, why)
}

fn placement(facts: &Facts) -> Choice {
    let threads = facts.machine.processors.threads_per_core;
    let why = match threads {
        2.. => {
            format!("{threads} hardware threads share a physical core: each core gets one first")
        }
        _ => "no two CPUs share a physical core".to_owned(),
    };
    Choice::new("placement", "\"spread\"", why)
}

fn spin(facts: &Facts, cores: u64) -> Choice {
    let choice = |us: u64, why: String| Choice::new("spin-us", us, why);
    if facts.host.cpu_quota.is_some() {
        return choice(0, "polling would use up the CPU quota without work".to_owned());
    }
    if cores == 1 {
        return choice(0, "one core has nobody to wait for".to_owned());
    }
    match facts.disk.times(&Step::alone(Sync::Fdatasync)).map(Times::median) {
        Some(sync) if sync > SLOW_SYNC => {
            choice(0, format!("a sync takes {}, far longer than a wake-up", time(sync)))
        }
        _ => choice(20, "a wake-up takes about as long as a sync".to_owned()),
    }
}

/// The method that does more on busy processors, where a server is judged; on idle ones if there is no
/// difference. Rates and not medians: where writes take either 0.2 or 10 ms, a median is chance.
fn sync(facts: &Facts) -> Choice {
    let choice = |word: &str, why: String| Choice::new("sync", format!("{word:?}"), why);
    if facts.access == Access::Buffered {
        return choice("fdatasync", "the file system has no O_DIRECT".to_owned());
    }
    let found = |step: Step| facts.disk.times(&step).map(Times::rate);
    let (flushed, forced) = (Step::alone(Sync::Fdatasync), Step::alone(Sync::Dsync));
    let pairs = [
        ("busy", found(flushed.busy()), found(forced.busy())),
        ("idle", found(flushed), found(forced)),
    ];
    for (processors, flushed, forced) in pairs {
        let (Some(flushed), Some(forced)) = (flushed, forced) else { continue };
        if flushed.min(forced) < flushed.max(forced) * CLEARLY_LESS {
            let why = format!(
                "on {processors} processors write + fdatasync does {}, O_DSYNC {}",
                rate(flushed),
                rate(forced)
            );
            return choice(if forced > flushed { "dsync" } else { "fdatasync" }, why);
        }
    }
    let why = "both methods do the same, and this one does not need a kernel worker";
    choice("fdatasync", why.to_owned())
}

fn segment(facts: &Facts, cores: u64) -> Choice {
    let (least, most) = (16 << 20, 64 << 20);
    let speed = facts.disk.sequential_writes.rate() * CHUNK_BYTES;
    let by_speed = power_of_two(speed * SEGMENT_TIME.as_secs_f64()).clamp(least, most);
    let by_space =
        power_of_two((facts.free_bytes / SEGMENT_SPACE_SHARE / cores) as f64).max(8 << 20);
    let why = match by_space < by_speed {
        true => format!("only {} are free", bytes(facts.free_bytes)),
        false => format!("the disk writes {}/s, and zeroes one in good time", bytes(speed as u64)),
    };
    Choice::new("segment-bytes", by_speed.min(by_space), why)
}

fn batch(facts: &Facts) -> Choice {
    let speed = facts.disk.sequential_writes.rate() * CHUNK_BYTES;
    let size = power_of_two(speed * BATCH_TIME.as_secs_f64()).clamp(256 << 10, 4 << 20);
    let why =
        format!("the disk writes {}/s, so a batch delays the next one little", bytes(speed as u64));
    Choice::new("batch-bytes", size, why)
}

fn reads(facts: &Facts) -> Choice {
    if facts.disk.random_reads.count() == 0 {
        let usual = Tuned::for_host(&facts.host).reads_in_flight;
        return Choice::new("reads-in-flight", usual, "random reads were not measured");
    }
    let found = facts.disk.random_reads.rate();
    let depth = match found {
        rate if rate >= 50_000.0 => 128,
        rate if rate >= 5_000.0 => 64,
        _ => 16,
    };
    let why = format!("the disk does {} random reads of 4 KiB", rate(found));
    Choice::new("reads-in-flight", depth, why)
}

/// What follows from memory and limits alone, as it does without a profile.
fn memory(facts: &Facts) -> [Choice; 4] {
    let safe = Tuned::for_host(&facts.host);
    let there = bytes(facts.host.memory_bytes);
    let limit = match facts.host.memlock_bytes {
        Some(limit) => format!("{} of memory may be locked", bytes(limit)),
        None => "there is no limit on locked memory".to_owned(),
    };
    [
        Choice::new("memory-bytes", safe.memory_bytes, format!("a quarter of {there}")),
        Choice::new(
            "in-flight-bytes",
            safe.in_flight_bytes,
            format!("an eighth of {there} at most"),
        ),
        Choice::new("io-memory-bytes", safe.io_memory_bytes, limit),
        Choice::new("ring-depth", safe.ring_depth, "enough for a thousand busy connections"),
    ]
}

/// The largest power of two that is not larger; 1 for what is less.
fn power_of_two(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    let whole = number.clamp(1.0, 1e15) as u64;
    1 << whole.ilog2()
}

#[cfg(test)]
mod tests;
