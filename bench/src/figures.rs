//! The figures that the project lives by: each row of its table, with what it should reach.

use crate::compare::{Metric, Scenario, Step, Target, Version};
use crate::host::Cpus;
use crate::shape::LoadOptions;
use crate::workload::Workload;

use Metric::{Cpu, Grown, P50, P90, P99, Processors, Rate, Resident, Rewritten, Written};
use Target::{AtMost, TimesAtLeast, TimesAtMost};

const MICROSECOND: f64 = 1e3;
const MILLISECOND: f64 = 1e6;

/// Key and value, in bytes.
const PAIR_BYTES: f64 = 32.0 + 256.0;

/// One block of the device, and room for the rounding of a mean.
const ONE_BLOCK_BYTES: f64 = 4096.0 * 1.01;

/// The share of the reference's own highest rate at which it still keeps up.
const BEARABLE: f64 = 0.9;

/// Processor time comes in hundredths of a second, and an idle server takes few of them.
const IDLE_SECONDS: f64 = 10.0;

/// All rows. `sync_ns` is what the device takes to make one block durable; `both` are the
/// processors of server and load together.
pub fn figures(sync_ns: f64, both: &Cpus) -> Vec<Scenario> {
    let two_shards = Version::with(&["--shards=2"]);
    let little_memory = Version::with(&["--memory=64MiB"]);
    let two_cores = Version { cpus: Some(both.clone()), ..Version::default() };
    vec![
        Scenario::new([requests(sync_ns), pairs(16), leases_and_watches()].concat()),
        Scenario::new(pairs(2)).of(two_shards),
        Scenario::new(many_keys()),
        Scenario::new(vec![resident("64 MiB for values", 1.0 / 3.0)]).of(little_memory),
        Scenario::new(vec![cpu_of_puts("16 shards against 1, one core", 1.1)])
            .against(Version::with(&["--shards=1"])),
        Scenario::new(vec![cpu_of_puts("two cores against one", 1.15)])
            .against(Version::default())
            .of(two_cores.clone()),
        Scenario::new(vec![put_to_both_cores(sync_ns)]).of(two_cores),
        Scenario::new(vec![
            Step::new("idle, 16 shards", Workload::Idle)
                .sized(|size| size.duration = Some(IDLE_SECONDS))
                .shows(Processors, &[TimesAtMost(1.0)]),
        ]),
    ]
}

fn requests(sync_ns: f64) -> Vec<Step> {
    let alone = [TimesAtMost(0.5), AtMost(sync_ns + 100.0 * MICROSECOND)];
    vec![
        Step::new("put, 1000 in flight", Workload::Put)
            .shows(Rate, &[TimesAtLeast(4.0)])
            .shows(Cpu, &[TimesAtMost(0.2), AtMost(8.0)])
            .shows(Written, &[])
            .shows(Rewritten, &[AtMost(1.3 * PAIR_BYTES)]),
        Step::new("put, one client", Workload::Put)
            .sized(|size| (size.clients, size.connections) = (Some(1), Some(1)))
            .shows(P50, &alone)
            .shows(Rewritten, &[AtMost(ONE_BLOCK_BYTES)]),
        Step::new("put, 64 clients", Workload::Put)
            .sized(|size| (size.clients, size.connections) = (Some(64), Some(64)))
            .shows(Rate, &[TimesAtLeast(4.0)]),
        Step::new("range of one key, 1000 in flight", Workload::Get)
            .shows(Rate, &[TimesAtLeast(4.0)])
            .shows(Cpu, &[TimesAtMost(0.2)]),
        Step {
            write_share: Some(BEARABLE),
            ..Step::new("range under 100 writers", Workload::ReadUnderWrite)
        }
        .shows(P99, &[TimesAtMost(0.1), AtMost(MILLISECOND)]),
        Step::new("compare-and-put, 100 clients", Workload::TxnUpdate)
            .shows(Rate, &[TimesAtLeast(4.0)]),
    ]
}

/// Half of the keys live on the other core than the connection: the slower half of the latencies
/// is theirs.
fn put_to_both_cores(sync_ns: f64) -> Step {
    Step::new("put, one client, two cores", Workload::Put)
        .sized(|size| (size.clients, size.connections) = (Some(1), Some(1)))
        .shows(P90, &[TimesAtMost(0.5), AtMost(sync_ns + 150.0 * MICROSECOND)])
}

fn pairs(shards: u32) -> Vec<Step> {
    vec![
        Step::new(&format!("txn over two keys, {shards} shards"), Workload::TxnPair)
            .shows(Rate, &[TimesAtLeast(2.0)]),
        Step::new(&format!("prefix of ten keys, {shards} shards"), Workload::Prefix)
            .shows(Rate, &[TimesAtLeast(2.0)]),
    ]
}

fn leases_and_watches() -> Vec<Step> {
    vec![
        Step::new("lease keepalive, 100 clients", Workload::LeaseKeepalive)
            .shows(Rate, &[TimesAtLeast(4.0)]),
        Step::new("1000 watchers on one key", Workload::WatchFanout)
            .shows(Rate, &[])
            .shows(Cpu, &[TimesAtMost(0.25)]),
        Step::new("watch latency, 200 puts/s to 100", Workload::WatchLatency)
            .shows(P99, &[AtMost(MILLISECOND)]),
    ]
}

fn many_keys() -> Vec<Step> {
    // What a list leaves behind in memory must not stand in another's growth.
    let whole = |title: &str, workload| {
        Step::new(title, workload)
            .sized(|size: &mut LoadOptions| size.warm_up = Some(0.0))
            .shows(P50, &[TimesAtMost(1.0 / 3.0)])
            .shows(Grown, &[AtMost(32.0 * 1024.0 * 1024.0)])
    };
    vec![
        resident("all values in memory", 0.8),
        Step::new("count of 1 million keys", Workload::Count)
            .shows(P50, &[AtMost(0.2 * MILLISECOND)]),
        Step::new("list, 500 a page, 1 million keys", Workload::ListPages)
            .shows(P50, &[AtMost(3.0 * MILLISECOND)]),
        whole("whole list, streamed", Workload::ListStream),
        whole("whole list, one answer", Workload::ListAll),
        Step::new("count 10,000 changes ago", Workload::CountPinned)
            .shows(P50, &[AtMost(2.0 * MILLISECOND)]),
    ]
}

fn resident(what: &str, share: f64) -> Step {
    Step::new(&format!("1 million keys, {what}"), Workload::Count)
        .sized(|size| (size.rate, size.duration) = (Some(1.0), Some(1.0)))
        .shows(Resident, &[TimesAtMost(share)])
}

fn cpu_of_puts(title: &str, most: f64) -> Step {
    Step::new(title, Workload::Put).shows(Cpu, &[TimesAtMost(most)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::shape::Shape;

    /// What the whole suite would only find out after hours.
    #[test]
    fn every_row_can_be_run_and_has_a_name_of_its_own() {
        let both = "0,1".parse::<Cpus>().unwrap();
        let steps: Vec<_> =
            figures(MICROSECOND, &both).into_iter().flat_map(|scenario| scenario.steps).collect();
        for step in &steps {
            assert!(Shape::new(step.workload, &step.options).is_ok(), "{}", step.title);
            assert!(!step.metrics.is_empty(), "{} shows nothing", step.title);
        }
        let titles: BTreeSet<_> = steps.iter().map(|step| &step.title).collect();
        assert_eq!(titles.len(), steps.len());
    }
}
