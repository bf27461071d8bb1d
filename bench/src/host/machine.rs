//! What the machine is, so that figures can be told apart later.

use std::fs;

/// Names and values for a report.
pub fn describe() -> Vec<(String, String)> {
    let first = |path: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().next().unwrap_or("unknown").trim().to_owned()
    };
    let kernel = rustix::system::uname();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("processor".into(), format!("{processors} of {}", processor())),
        ("kernel".into(), kernel.release().to_string_lossy().into_owned()),
        ("memory".into(), memory()),
        ("load before".into(), first("/proc/loadavg")),
    ]
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    total.map_or("unknown", str::trim).to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    model.map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':'])).to_owned()
}
