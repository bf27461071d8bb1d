//! Metrics of what only the process knows: the log's disk, where time goes, the process itself.

use std::fs;
use std::sync::Arc;

use braid_core::stages::{Stage, StageTimes, Wait};
use braid_net::metrics::{Exposition, Kind};
use braid_runtime::log_metrics::{LogMetrics, LogTotals};

/// Appends them to a scrape.
pub fn append(logs: &[Arc<LogMetrics>], times: &[Arc<StageTimes>], exposition: &mut Exposition) {
    let mut totals = LogTotals::default();
    logs.iter().for_each(|log| log.add_to(&mut totals));
    let buckets: Vec<(f64, u64)> = LogMetrics::bounds().into_iter().zip(totals.buckets).collect();
    // One write is etcd's WAL sync and its backend commit at once.
    for (name, help) in [
        ("etcd_disk_wal_fsync_duration_seconds", "Time of a write to the log, synced."),
        ("etcd_disk_backend_commit_duration_seconds", "The same: there is no other store."),
    ] {
        exposition.histogram(name, help, &buckets, totals.above, totals.seconds);
    }
    let name = "etcd_disk_wal_write_bytes_total";
    exposition.single(name, Kind::Counter, "Bytes written to the log.", totals.bytes);
    stages(times, exposition);
    process(exposition);
}

fn stages(times: &[Arc<StageTimes>], exposition: &mut Exposition) {
    let name = "braid_stage_cpu_seconds_total";
    exposition.family(name, Kind::Counter, "Processor time by stage of a request, sampled.");
    for stage in Stage::ALL {
        let seconds: f64 = times.iter().map(|core| core.stage(*stage).as_secs_f64()).sum();
        exposition.sample(name, &[("stage", stage.label())], seconds);
    }
    let name = "braid_write_wait_seconds_total";
    exposition.family(name, Kind::Counter, "Time that writes have waited, by what for.");
    for wait in Wait::ALL {
        let seconds: f64 = times.iter().map(|core| core.wait(*wait).as_secs_f64()).sum();
        exposition.sample(name, &[("for", wait.label())], seconds);
    }
}

fn process(exposition: &mut Exposition) {
    let Ok(pages) = fs::read_to_string("/proc/self/statm") else { return };
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    if let Some(resident) = resident {
        let bytes = resident * rustix::param::page_size() as u64;
        let name = "process_resident_memory_bytes";
        exposition.single(name, Kind::Gauge, "Resident memory in bytes.", bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let help = "Open file descriptors.";
        exposition.single("process_open_fds", Kind::Gauge, help, open.count());
    }
}
