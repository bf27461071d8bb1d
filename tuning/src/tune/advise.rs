//! What could be set better on the host, and how.

use super::facts::Facts;
use super::settings::Setting;

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// How it is, and what would be better.
    pub text: String,
    /// The command that changes it, or the line to add.
    pub command: String,
    /// The changes that are safe: gone with the next restart of the machine, undone by a write, and
    /// of no consequence for what is durable. Empty where none is.
    pub safe: Vec<Setting>,
}

/// Least connections that should be able to wait for being accepted.
const BACKLOG_MIN: u64 = 4096;
/// Least files that a server of many clients should be able to open.
const OPEN_FILES_MIN: u64 = 65_536;
/// Least memory to lock for each CPU: three rings with buffers of 1 MiB, half of the limit being spared.
const MEMLOCK_BYTES_PER_CPU: u64 = 6 << 20;
/// More random reads a second than any disk that turns can do.
const TURNING_READS_MAX: f64 = 2000.0;
/// Clocks that are read without a call of the kernel.
const GOOD_CLOCKS: [&str; 4] =
    ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"];

/// All advice for the machine.
#[must_use]
pub fn advise(facts: &Facts) -> Vec<Advice> {
    let all = [
        scheduler(facts),
        governor(facts),
        huge_pages(facts),
        backlog(facts),
        memlock(facts),
        open_files(facts),
        clock(facts),
    ];
    all.into_iter().flatten().collect()
}

fn scheduler(facts: &Facts) -> Option<Advice> {
    let device = facts.machine.device.as_ref()?;
    let choices = device.scheduler.as_ref()?;
    let turns = facts.disk.random_reads.rate() < TURNING_READS_MAX;
    let has_none = choices.all.iter().any(|word| word == "none");
    (!turns && has_none && choices.current != "none").then(|| {
        let setting = Setting::new(format!("/sys/block/{}/queue/scheduler", device.name), "none");
        let text = format!(
            "the block scheduler of {} is {}; a disk without moving parts needs none",
            device.name, choices.current
        );
        Advice { text, command: setting.command(), safe: vec![setting] }
    })
}

fn governor(facts: &Facts) -> Option<Advice> {
    let processors = &facts.machine.processors;
    let slow: Vec<_> = processors.governors.iter().filter(|name| *name != "performance").collect();
    let first = slow.first()?;
    let path = |cpu: &dyn std::fmt::Display| {
        format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor")
    };
    let safe = processors.online.iter().map(|cpu| Setting::new(path(cpu), "performance")).collect();
    Some(Advice {
        text: format!(
            "the frequency governor is {first}; a core that slept wakes up slowly with it"
        ),
        command: format!("echo performance | tee {}", path(&'*')),
        safe,
    })
}

fn huge_pages(facts: &Facts) -> Option<Advice> {
    let choices = facts.machine.kernel.huge_pages.as_ref()?;
    (choices.current == "always").then(|| {
        let setting = Setting::new("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
        let text = "transparent huge pages are made for everybody; making one stops a core for milliseconds";
        Advice { text: text.to_owned(), command: setting.command(), safe: vec![setting] }
    })
}

fn backlog(facts: &Facts) -> Option<Advice> {
    let found = facts.machine.limits.backlog?;
    (found < BACKLOG_MIN).then(|| {
        let setting = Setting::new("/proc/sys/net/core/somaxconn", BACKLOG_MIN);
        let text =
            format!("{found} connections may wait to be accepted; a storm of them brings more");
        Advice {
            text,
            command: format!("sysctl -w net.core.somaxconn={BACKLOG_MIN}"),
            safe: vec![setting],
        }
    })
}

fn memlock(facts: &Facts) -> Option<Advice> {
    let limit = facts.host.memlock_bytes?;
    let wanted = facts.host.cores() * MEMLOCK_BYTES_PER_CPU;
    (limit < wanted).then(|| Advice {
        text: format!("{limit} bytes of memory may be locked; with {wanted} every core has registered buffers of 1 MiB"),
        command: "LimitMEMLOCK=infinity in the service's unit, --ulimit memlock=-1 of docker, or ulimit -l".to_owned(),
        safe: Vec::new(),
    })
}

fn open_files(facts: &Facts) -> Option<Advice> {
    let limit = facts.machine.limits.open_files?;
    (limit < OPEN_FILES_MIN).then(|| Advice {
        text: format!("{limit} files may be open, and every connection is one"),
        command: format!("LimitNOFILE={OPEN_FILES_MIN} in the service's unit, --ulimit nofile={OPEN_FILES_MIN} of docker, or ulimit -Hn"),
        safe: Vec::new(),
    })
}

fn clock(facts: &Facts) -> Option<Advice> {
    let source = facts.machine.kernel.clock_source.as_deref()?;
    (!GOOD_CLOCKS.contains(&source)).then(|| Advice {
        text: format!("time comes from {source}, and every look at it is a call of the kernel"),
        command: "see /sys/devices/system/clocksource/clocksource0/available_clocksource; if tsc is among them, start the kernel with clocksource=tsc".to_owned(),
        safe: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::facts::example;
    use super::*;
    use crate::disk::times_ms;
    use crate::machine::{BlockDevice, Choices};

    fn texts(facts: &Facts) -> Vec<String> {
        advise(facts).into_iter().map(|advice| advice.text).collect()
    }

    #[test]
    fn what_is_not_known_is_not_advised_about() {
        let mut facts = example();
        facts.host.memlock_bytes = None;
        assert_eq!(texts(&facts), Vec::<String>::new());
    }

    #[test]
    fn every_setting_that_can_be_changed_has_its_advice() {
        let mut facts = example();
        facts.machine.device = Some(BlockDevice {
            name: "vda".to_owned(),
            logical_block_bytes: None,
            physical_block_bytes: None,
            write_cache: None,
            forced_unit_access: None,
            rotational: Some(true),
            scheduler: Choices::parse("none [bfq]"),
            no_merges: None,
        });
        facts.machine.processors.governors = vec!["performance".to_owned(), "powersave".to_owned()];
        facts.machine.processors.online = vec![0, 1];
        facts.machine.kernel.huge_pages = Choices::parse("[always] madvise");
        facts.machine.kernel.clock_source = Some("hpet".to_owned());
        facts.machine.limits.backlog = Some(128);
        facts.machine.limits.open_files = Some(1024);
        assert_eq!(
            advise(&facts).len(),
            6,
            "a disk of 1000 reads/s may turn: {:#?}",
            texts(&facts)
        );
        facts.disk.random_reads = times_ms(&[0, 0, 0, 1]);
        let advice = advise(&facts);
        assert_eq!(advice.len(), 7);
        assert_eq!(advice[0].command, "echo none > /sys/block/vda/queue/scheduler");
        let settings: Vec<_> = advice.iter().flat_map(|advice| &advice.safe).collect();
        assert_eq!(settings.len(), 5, "one for each CPU's governor: {settings:?}");
        assert!(settings.iter().all(|setting| setting.is_known()), "{settings:?}");
    }
}
