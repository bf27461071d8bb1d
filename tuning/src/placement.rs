//! Which CPUs the cores are pinned to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::list;
use crate::profile::Placement;

/// The CPUs for `cores` cores, in their order, out of those in `allowed` (ascending); the first
/// `leave` of them stay free. CPU 0 is the first to be left: that is where interrupts and the
/// kernel's own work go when nobody says otherwise. Either way one node of memory is filled before
/// the next.
#[must_use]
pub fn cpus(
    topology: &Topology,
    allowed: &[usize],
    cores: usize,
    leave: usize,
    placement: Placement,
) -> Vec<usize> {
    let mut cpus: Vec<usize> = allowed.iter().copied().skip(leave).collect();
    match placement {
        Placement::Spread => {
            cpus.sort_by_key(|&cpu| (topology.sibling_rank(cpu), topology.node(cpu), cpu));
        }
        Placement::Compact => {
            cpus.sort_by_key(|&cpu| (topology.node(cpu), topology.first_sibling(cpu), cpu));
        }
    }
    cpus.truncate(cores);
    cpus
}

/// Which CPUs are hardware threads of one physical core, and which share a node of memory. A CPU of
/// which nothing is known is a core of its own on the first node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    siblings: BTreeMap<usize, Vec<usize>>,
    /// The CPUs of each NUMA node, in the order of the nodes' numbers.
    pub nodes: Vec<Vec<usize>>,
}

impl Topology {
    /// Reads it from `sys` below `root`, which is `/` outside of tests.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let folder = root.join("sys/devices/system/cpu");
        let online = fs::read_to_string(folder.join("online")).unwrap_or_default();
        let siblings = |cpu: usize| {
            let path = folder.join(format!("cpu{cpu}/topology/thread_siblings_list"));
            Some((cpu, list::parse(&fs::read_to_string(path).ok()?)?))
        };
        let online = list::parse(&online).unwrap_or_default().into_iter();
        Self { siblings: online.filter_map(siblings).collect(), nodes: nodes(root) }
    }

    /// The place of a CPU's node among all nodes.
    fn node(&self, cpu: usize) -> usize {
        self.nodes.iter().position(|cpus| cpus.contains(&cpu)).unwrap_or(0)
    }

    /// How many hardware threads of the same physical core come before this one.
    fn sibling_rank(&self, cpu: usize) -> usize {
        self.siblings.get(&cpu).map_or(0, |list| list.iter().filter(|&&other| other < cpu).count())
    }

    fn first_sibling(&self, cpu: usize) -> usize {
        self.siblings.get(&cpu).and_then(|list| list.iter().min()).copied().unwrap_or(cpu)
    }

    /// Hardware threads of a physical core; 1 where they share none.
    #[must_use]
    pub fn threads_per_core(&self) -> usize {
        self.siblings.values().map(Vec::len).max().unwrap_or(1)
    }
}

fn nodes(root: &Path) -> Vec<Vec<usize>> {
    let folder = root.join("sys/devices/system/node");
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut numbers: Vec<usize> =
        names.filter_map(|name| name.strip_prefix("node")?.parse().ok()).collect();
    numbers.sort_unstable();
    let cpus =
        |node| list::parse(&fs::read_to_string(folder.join(format!("node{node}/cpulist"))).ok()?);
    numbers.into_iter().filter_map(cpus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(cores: &[&[usize]]) -> Topology {
        let of = |threads: &&[usize]| {
            threads.iter().map(|&cpu| (cpu, threads.to_vec())).collect::<Vec<_>>()
        };
        Topology { siblings: cores.iter().flat_map(of).collect(), nodes: Vec::new() }
    }

    #[test]
    fn spread_takes_every_physical_core_first() {
        let neighbours = topology(&[&[0, 1], &[2, 3]]);
        let all = [0, 1, 2, 3];
        assert_eq!(cpus(&neighbours, &all, 4, 0, Placement::Spread), [0, 2, 1, 3]);
        assert_eq!(cpus(&neighbours, &all, 2, 0, Placement::Compact), [0, 1]);
        let halves = topology(&[&[0, 2], &[1, 3]]);
        assert_eq!(cpus(&halves, &all, 3, 0, Placement::Spread), [0, 1, 2]);
        assert_eq!(cpus(&halves, &all, 3, 0, Placement::Compact), [0, 2, 1]);
    }

    #[test]
    fn one_node_is_filled_before_the_next() {
        let nodes = vec![vec![0, 2], vec![1, 3]];
        let interleaved = Topology { nodes, ..topology(&[&[0], &[1], &[2], &[3]]) };
        for placement in [Placement::Spread, Placement::Compact] {
            assert_eq!(cpus(&interleaved, &[0, 1, 2, 3], 3, 0, placement), [0, 2, 1]);
        }
        // A second thread of a core waits for all nodes' first ones.
        let nodes = vec![vec![0, 1], vec![2, 3]];
        let pairs = Topology { nodes, ..topology(&[&[0, 1], &[2, 3]]) };
        assert_eq!(cpus(&pairs, &[0, 1, 2, 3], 2, 0, Placement::Spread), [0, 2]);
    }

    #[test]
    fn the_first_cpus_are_left() {
        let unknown = Topology::default();
        assert_eq!(cpus(&unknown, &[0, 1, 4, 5], 8, 1, Placement::Spread), [1, 4, 5]);
        assert_eq!(cpus(&unknown, &[0, 1], 1, 0, Placement::Compact), [0]);
    }

    #[test]
    fn reads_what_is_there() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/devices/system/cpu");
        for (cpu, text) in [(0, "0,2\n"), (1, "1\n"), (2, "0,2\n")] {
            let folder = folder.join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("thread_siblings_list"), text).unwrap();
        }
        fs::write(folder.join("online"), "0-3\n").unwrap();
        let found = Topology::read(root.path());
        assert_eq!(found, topology(&[&[0, 2], &[1]]));
        assert_eq!(found.threads_per_core(), 2);
        assert_eq!(Topology::read(&root.path().join("nowhere")).threads_per_core(), 1);
    }
}
