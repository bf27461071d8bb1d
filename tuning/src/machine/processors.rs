//! Processors: how many, how they are joined to cores and to nodes of memory.

use std::path::Path;

use super::files;
use crate::list;
use crate::placement::Topology;

/// The processors of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors {
    /// What the maker calls them.
    pub model: Option<String>,
    /// Numbers of those that are switched on.
    pub online: Vec<usize>,
    /// Numbers of those that the kernel's scheduler leaves alone.
    pub isolated: Vec<usize>,
    /// Hardware threads of a physical core; 1 where none shares one, or nothing is known.
    pub threads_per_core: usize,
    /// The CPUs of each NUMA node, in the order of the nodes' numbers.
    pub nodes: Vec<Vec<usize>>,
    /// Frequency governors in use, each once.
    pub governors: Vec<String>,
}

impl Processors {
    pub(super) fn read(root: &Path) -> Self {
        let cpus = |name: &str| {
            let text = files::text(root, &format!("sys/devices/system/cpu/{name}"));
            text.and_then(|text| list::parse(&text)).unwrap_or_default()
        };
        let online = cpus("online");
        let topology = Topology::read(root);
        let threads_per_core = if online.is_empty() { 0 } else { topology.threads_per_core() };
        Self {
            model: files::text(root, "proc/cpuinfo").and_then(|text| model(&text)),
            isolated: cpus("isolated"),
            threads_per_core,
            nodes: topology.nodes,
            governors: governors(root, &online),
            online,
        }
    }
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn governors(root: &Path, online: &[usize]) -> Vec<String> {
    let of = |cpu: &usize| {
        files::text(root, &format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"))
    };
    let mut found: Vec<_> = online.iter().filter_map(of).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_of_processors() {
        let cpu = "sys/devices/system/cpu";
        let governor = |number: u8| format!("{cpu}/cpu{number}/cpufreq/scaling_governor");
        let root = files::tree(&[
            ("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast One @ 5 GHz\n"),
            (&format!("{cpu}/online"), "0-3\n"),
            (&format!("{cpu}/isolated"), "3\n"),
            (&format!("{cpu}/cpu0/topology/thread_siblings_list"), "0-1\n"),
            (&governor(0), "powersave\n"),
            (&governor(1), "performance\n"),
            (&governor(2), "powersave\n"),
            ("sys/devices/system/node/node1/cpulist", "2-3\n"),
            ("sys/devices/system/node/node0/cpulist", "0-1\n"),
            ("sys/devices/system/node/possible", "0-1\n"),
        ]);
        let found = Processors::read(root.path());
        assert_eq!(found.model.as_deref(), Some("Fast One @ 5 GHz"));
        assert_eq!((found.online.len(), found.threads_per_core), (4, 2));
        assert_eq!(found.isolated, [3]);
        assert_eq!(found.nodes, [vec![0, 1], vec![2, 3]]);
        assert_eq!(found.governors, ["performance", "powersave"]);
    }
}
