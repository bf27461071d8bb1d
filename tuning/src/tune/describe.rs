//! The machine's parts, each in a line.

use braid_runtime::files::Access;

use super::facts::Facts;
use super::units::bytes;
use crate::machine::{BlockDevice, Machine};

/// What stands where nothing is known.
pub(super) const UNKNOWN: &str = "unknown";

/// Name and description of each part.
pub(super) fn machine(facts: &Facts) -> Vec<(&'static str, String)> {
    let machine = &facts.machine;
    let access = match facts.access {
        Access::Direct => "O_DIRECT",
        Access::Buffered => "no O_DIRECT: through the kernel's cache",
    };
    let directory = facts.directory.display();
    vec![
        ("processors", processors(facts)),
        ("caches", caches(machine)),
        ("runs under", virtualisation(machine)),
        ("kernel", kernel(machine)),
        ("io_uring", io_uring(machine)),
        (
            "memory",
            format!(
                "{}; may be locked: {}",
                bytes(facts.host.memory_bytes),
                limit(facts.host.memlock_bytes.map(bytes))
            ),
        ),
        ("limits", limits(machine)),
        (
            "directory",
            format!(
                "{directory}: {}, {access}, {} free",
                facts.filesystem,
                bytes(facts.free_bytes)
            ),
        ),
        ("disk", machine.device.as_ref().map_or(UNKNOWN.to_owned(), device)),
    ]
}

fn processors(facts: &Facts) -> String {
    let found = &facts.machine.processors;
    let quota = facts.host.cpu_quota.map_or(String::new(), |quota| format!(", a quota of {quota}"));
    let isolated = match found.isolated.len() {
        0 => String::new(),
        count => format!(", {count} isolated"),
    };
    format!(
        "{}: {} CPUs ({} allowed{quota}{isolated}), threads to a core {}, NUMA nodes {}, governor {}",
        found.model.as_deref().unwrap_or(UNKNOWN),
        found.online.len(),
        facts.host.cpus_allowed,
        found.threads_per_core,
        found.nodes.len(),
        words(&found.governors, ", ")
    )
}

fn caches(machine: &Machine) -> String {
    let shown = machine.caches.iter().map(|cache| {
        let kind = if cache.kind == "Unified" { "" } else { &cache.kind };
        let shared =
            if cache.shared_by > 1 { format!(" for {}", cache.shared_by) } else { String::new() };
        format!(
            "L{} {kind}{}{}{shared}",
            cache.level,
            if kind.is_empty() { "" } else { " " },
            cache.size
        )
    });
    words(&shown.collect::<Vec<_>>(), ", ")
}

fn virtualisation(machine: &Machine) -> String {
    let found = &machine.virtualisation;
    let hypervisor = match found.hypervisor {
        Some(true) => "a hypervisor",
        Some(false) => "no hypervisor",
        None => UNKNOWN,
    };
    let container = found.container.as_deref().map_or(String::new(), |kind| format!(", in {kind}"));
    format!("{hypervisor}, product {}{container}", known(found.product.as_deref()))
}

fn kernel(machine: &Machine) -> String {
    let kernel = &machine.kernel;
    let pages = kernel.huge_pages.as_ref().map(|choices| choices.current.as_str());
    format!(
        "{}, clock {}, transparent huge pages {}, load average {}",
        known(kernel.release.as_deref()),
        known(kernel.clock_source.as_deref()),
        known(pages),
        known(kernel.load.as_deref())
    )
}

fn io_uring(machine: &Machine) -> String {
    let with = |wanted: bool| {
        let found = machine.io_uring.iter().filter(|(_, is_there)| *is_there == wanted);
        found.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };
    let without = match with(false) {
        names if names.is_empty() => String::new(),
        names => format!("; without {}", names.join(" ")),
    };
    words(&with(true), " ") + &without
}

fn limits(machine: &Machine) -> String {
    let limits = &machine.limits;
    let number = |number: Option<u64>| number.map_or(UNKNOWN.to_owned(), |it| it.to_string());
    format!(
        "open files {}, connections to be accepted {}, half open {}",
        limit(limits.open_files.map(|it| it.to_string())),
        number(limits.backlog),
        number(limits.syn_backlog)
    )
}

fn device(device: &BlockDevice) -> String {
    let number = |number: Option<u64>| number.map_or(UNKNOWN.to_owned(), |it| it.to_string());
    let switch = |switch: Option<bool>| match switch {
        Some(true) => "yes",
        Some(false) => "no",
        None => UNKNOWN,
    };
    format!(
        "{}: blocks of {} (physical {}), cache {}, FUA {}, turns {} (it says), scheduler {}, nomerges {}",
        device.name,
        number(device.logical_block_bytes),
        number(device.physical_block_bytes),
        known(device.write_cache.as_deref()),
        switch(device.forced_unit_access),
        switch(device.rotational),
        known(device.scheduler.as_ref().map(|choices| choices.current.as_str())),
        number(device.no_merges)
    )
}

fn known(text: Option<&str>) -> &str {
    text.unwrap_or(UNKNOWN)
}

fn limit(limit: Option<String>) -> String {
    limit.unwrap_or("no limit known".to_owned())
}

fn words(words: &[String], between: &str) -> String {
    if words.is_empty() { UNKNOWN.to_owned() } else { words.join(between) }
}
